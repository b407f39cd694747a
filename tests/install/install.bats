# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What make install lays works from another PREFIX and another DESTDIR, and
# make uninstall takes all of it away again.

load ../cli/common

setup() {
	tree=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	stage=$BATS_TEST_TMPDIR/stage
	root=$stage/opt/other
	# A make that runs us must not lend us its flags and jobs.
	unset MAKEFLAGS MAKELEVEL MFLAGS PREFIX DESTDIR
	cd "$BATS_TEST_TMPDIR" || return 1
	make_it install >/dev/null
	PATH=$root/bin:$PATH
	export PKG_CONFIG_PATH=$root/lib/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR=$stage
}

make_it() {
	make -s -C "$tree" "$1" BUILD="$SHMTOOL_BIN" PREFIX=/opt/other \
		DESTDIR="$stage"
}

laid() {
	(cd "$stage" && find . ! -type d | sort)
}

@test "install: every file is where it belongs, and nothing else is" {
	diff <(laid) <(sort <<-TXT
		$(cd "$tree" && for page in man/*.*; do
			echo "./opt/other/share/man/man${page##*.}/${page#man/}"
		done; for page in man/ko/*; do
			echo "./opt/other/share/man/ko/man1/${page##*/}"
		done)
		./opt/other/bin/shmtool
		./opt/other/include/shmtool.h
		./opt/other/lib/libshmtool.a
		./opt/other/lib/libshmtool.so
		./opt/other/lib/libshmtool.so.2
		./opt/other/lib/libshmtool.so.2.0.0
		./opt/other/lib/pkgconfig/libshmtool.pc
		./opt/other/share/bash-completion/completions/shmtool
		./opt/other/share/fish/vendor_completions.d/shmtool.fish
		./opt/other/share/zsh/site-functions/_shmtool
	TXT
	)
}

@test "install: modes are 755 for the program and 644 for the rest" {
	[ -z "$(find "$stage" -type f -perm /022)" ]
	[ "$(find "$stage" -type f -perm /111)" = "$root/bin/shmtool" ]
}

@test "install: the program runs" {
	[ "$(command -v shmtool)" = "$root/bin/shmtool" ]
	id=$(shmtool create -s 1M)
	shmtool write -s 'from elsewhere' "$id"
	[ "$(shmtool read -s "$id")" = 'from elsewhere' ]
	shmtool rm "$id"
	[ "$(segments)" -eq 0 ]
}

@test "install: the pages are found and silent" {
	mandoc -T lint -W warning "$root"/share/man/man*/*
	command -v man >/dev/null || skip "man is not installed"
	for page in "$root"/share/man/man*/*; do
		name=${page##*/}
		[ "$(man -M "$root/share/man" -w "${name##*.}" \
			"${name%.*}")" = "$page" ]
	done
}

@test "install: readers of Korean get the Korean pages" {
	command -v man >/dev/null || skip "man is not installed"
	localedef -i ko_KR -f UTF-8 "$BATS_TEST_TMPDIR/ko_KR.UTF-8" ||
		skip "the locale ko_KR.UTF-8 cannot be made here"
	for page in "$root"/share/man/man1/*; do
		name=${page##*/}
		[ "$(LC_ALL=ko_KR.UTF-8 LOCPATH=$BATS_TEST_TMPDIR \
			MANPATH=$root/share/man man -w 1 "${name%.1}")" = \
			"$root/share/man/ko/man1/$name" ]
	done
}

@test "install: the completion completes" {
	library=/usr/share/bash-completion/bash_completion
	[ -f "$library" ] || skip "bash-completion is not installed"
	XDG_DATA_DIRS=$root/share run bash -c '
		. '"$library"'
		_completion_loader shmtool
		COMP_WORDS=(shmtool "") COMP_CWORD=1 COMP_LINE="shmtool "
		COMP_POINT=8
		_shmtool
		echo "${COMPREPLY[@]}"'
	[[ "$output" == *limits* ]]
}

@test "install: the shared library is found by its soname" {
	run readelf -d "$root/lib/libshmtool.so"
	[[ "$output" == *"soname: [libshmtool.so.2]"* ]]
	[ "$(readlink -f "$root/lib/libshmtool.so")" = \
		"$root/lib/libshmtool.so.2.0.0" ]
	[ "$(readlink "$root/lib/libshmtool.so.2")" = libshmtool.so.2.0.0 ]
}

@test "install: the .pc file tells prefix, version and libraries" {
	[ "$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=prefix \
		libshmtool)" = /opt/other ]
	[ "$(pkg-config --modversion libshmtool)" = 2.0.0 ]
	[[ "$(pkg-config --libs libshmtool)" == *-L*/lib*-lshmtool* ]]
	[[ "$(pkg-config --libs libshmtool)" != *-lbsd* ]]
	[[ "$(pkg-config --static --libs libshmtool)" == *-lbsd*-lmd* ]]
	run ! grep -q @ "$root/lib/pkgconfig/libshmtool.pc"
}

example_output='4096 bytes, mode 0600, 0 attached
4096 bytes, mode 0600'

# Builds the example with the compiler and language given, and runs it.
try_example() {
	# shellcheck disable=SC2046 # flags
	"$@" -Wall -Wextra -Werror -o example \
		$(pkg-config --cflags libshmtool) \
		"$tree/tests/install/example.c" \
		$(pkg-config --libs libshmtool)
	[ "$(LD_LIBRARY_PATH=$root/lib ./example)" = "$example_output" ]
	readelf -d example | grep -q 'NEEDED.*libshmtool.so.2'
	[ "$(segments)" -eq 0 ]
	[ ! -e /dev/shm/example ]
}

@test "install: the example compiles as C and runs" {
	try_example "${CC:-cc}" -std=c11
}

@test "install: the example compiles as C++ and runs" {
	command -v c++ >/dev/null || skip "no C++ compiler"
	try_example c++ -x c++ -std=c++11
}

@test "install: the example links with the static library" {
	# shellcheck disable=SC2046 # flags
	"${CC:-cc}" -o example $(pkg-config --cflags libshmtool) \
		"$tree/tests/install/example.c" "$root/lib/libshmtool.a" \
		$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --libs --static libbsd)
	[ "$(./example)" = "$example_output" ]
}

@test "install: the example is that of shmtool(3)" {
	diff "$tree/tests/install/example.c" <(awk '
		/^\.Bd -literal/ { inside = 1; next }
		/^\.Ed/ { inside = 0 }
		inside' "$tree/man/shmtool.3" | sed 's/\\e/\\/g')
}

@test "install: shmtool(3) has every function of the header, as it is there" {
	# One prototype a line, blanks and parameters' breaks gone.
	diff <(sed -e 's|/\*.*\*/||' -e '/^\/\*/,/\*\/$/d' -e '/^#/d' \
		"$tree/lib/shmtool.h" | tr -s ' \t\n' ' ' | tr ';' '\n' |
		grep -Eo '[a-z_][a-z_0-9 *]* \*?shmt_[a-z_0-9]+\(.*\)$' |
		sed 's/^ //; s/\* /*/g; s/( /(/' | sort) \
		<(mandoc -T ascii -O width=1000 "$tree/man/shmtool.3" | col -bx |
		awk '/^[A-Z]/ { inside = $0 == "SYNOPSIS"; next } inside' |
		tr -s ' \t\n' ' ' | tr ';' '\n' | grep shmt_ |
		sed 's/^ //; s/#include <shmtool.h> //; s/\* /*/g' | sort)
}

@test "install: uninstall leaves nothing but folders" {
	make_it uninstall
	[ -z "$(laid)" ]
}
