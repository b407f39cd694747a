# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The rules of the house, by nm and grep over the tree and what was built.

load common

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
}

needs_archive() {
	[ -f "$SHMTOOL_BIN/libshmtool.a" ] ||
		skip "no library beside the program under test"
	if nm "$SHMTOOL_BIN/libshmtool.a" |
		grep -Eq '__(asan|gcov|llvm_profile)_'; then
		skip "an instrumented library has symbols of its compiler's"
	fi
}

# Prints what it is given and fails if there is any.
none_of() {
	[ -z "$2" ] || {
		printf '%s:\n%s\n' "$1" "$2"
		return 1
	}
}

@test "house: every global of the archive begins with shmt_" {
	needs_archive
	# __x86: the compiler's own, for 32 bits.
	none_of "globals" "$(nm -g --defined-only "$SHMTOOL_BIN/libshmtool.a" |
		awk 'NF == 3 && $3 !~ /^(shmt_|__x86\.)/')"
	[ "$(nm -g --defined-only "$SHMTOOL_BIN/libshmtool.a" |
		grep -c ' T shmt_')" -gt 20 ]
}

@test "house: no global of the archive is data" {
	needs_archive
	none_of "data" "$(nm -g --defined-only "$SHMTOOL_BIN/libshmtool.a" |
		awk 'NF == 3 && $2 != "T"')"
}

@test "house: the library keeps no state" {
	needs_archive
	# .data.rel.ro is constants that the loader moves.
	none_of "writable data" "$(objdump -t "$SHMTOOL_BIN/libshmtool.a" |
		awk '$3 == "O" && $4 !~ /^\.(rodata|data\.rel\.ro)/')"
}

@test "house: the library prints, exits, and reads the environment nowhere" {
	needs_archive
	none_of "undefined" "$(nm -u "$SHMTOOL_BIN/libshmtool.a" |
		awk '$1 == "U" { print $2 }' | sort -u | grep -Ex \
		'(__)?v?[df]?printf(_chk)?|f?puts|putchar|perror|stdout|stderr|exit|quick_exit|abort|getenv|secure_getenv|environ|setlocale|getopt.*|bsd_getopt|v?(err|warn)(c|x)?|error|syslog|setprogname')"
}

# Names of the functions that shmtool.h declares.
declared() {
	sed 's|/\*.*\*/||; /^ \*/d; /^\/\*/d' lib/shmtool.h |
		grep -Eo '\bshmt_[a-z_]+\(' | tr -d '(' | sort -u
}

@test "house: the shared library shows what shmtool.h declares, and no more" {
	needs_archive
	local so=$SHMTOOL_BIN/libshmtool.so.2.0.0
	diff <(nm -D --defined-only "$so" | awk '$2 == "T" { print $3 }' |
		sed 's/@.*//' | sort) <(declared)
	none_of "others" "$(nm -D --defined-only "$so" |
		awk '$2 != "T" && $3 !~ /^SHMTOOL_/')"
	readelf -d "$so" | grep -q 'soname: \[libshmtool.so.2\]'
}

# FILE NAME for each header of ours that the sources below a folder include.
includes() {
	grep -rE '^#include +"' --include='*.[ch]' "$1" |
		sed 's/:#include "\(.*\)"/ \1/'
}

# Which object file takes a symbol from which: "A B" for each such pair.  One
# whose source was removed may still lie there.
uses() {
	find lib cmd -name '*.o' | while read -r object; do
		[ ! -f "$tree/${object%.o}.c" ] || nm -A "$object"
	done | awk '
		{ split($0, part, ":"); kind = $(NF - 1) }
		kind ~ /[TDBRV]/ { home[$NF] = part[1] }
		kind == "U" { from[++n] = part[1]; name[n] = $NF }
		END {
			for (i = 1; i <= n; i++)
				if (name[i] in home && home[name[i]] != from[i])
					print from[i], home[name[i]]
		}' | sort -u
}

@test "house: no circles" {
	local tree=$PWD
	needs_archive
	cd "$SHMTOOL_BIN"
	[ -d cmd ] || skip "no object files beside the program under test"
	uses >"$BATS_TEST_TMPDIR/uses"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/uses")" -gt 200 ]
	none_of "circles" "$(tsort <"$BATS_TEST_TMPDIR/uses" 2>&1 >/dev/null)"
}

@test "house: cmd/ sees of the library shmtool.h alone" {
	none_of "includes" "$(includes cmd | grep -v ' shmtool\.h$' |
		while read -r file name; do
			[ -f "cmd/$name" ] || echo "$file: $name"
		done)"
	none_of "internal names" "$(grep -rn 'shmt__' cmd)"
	none_of "system headers" "$(grep -rn '#include <sys/shm\.h>' cmd)"
}

@test "house: cmd/ui knows nothing of shared memory" {
	none_of "includes" "$(includes cmd/ui | grep -vE ' ui/[a-z]+\.h$')"
}

@test "house: lib/ knows no cmd/" {
	none_of "includes" "$(includes lib | while read -r file name; do
		[ -f "lib/$name" ] || echo "$file: $name"
	done)"
}

@test "house: shmtool.h alone compiles, as C and as C++" {
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	"${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
		-x c lib/shmtool.h
	command -v c++ >/dev/null || skip "no C++ compiler"
	c++ -std=c++11 -Wall -Wextra -Werror -fsyntax-only -x c++ lib/shmtool.h
}

@test "house: no header takes the name of one of the system's" {
	none_of "headers" "$(find cmd lib tests \( -name limits.h \
		-o -name stat.h -o -name error.h \))"
}

@test "house: an SPDX line in every file" {
	local file
	none_of "without" "$(find cmd lib man tests .ci .clang* .editorconfig \
		.gitignore Makefile -type f ! -path "tests/fuzz/seeds/*" ! -path "tests/install/debian/*" \
		! -path 'tests/fuzz/*.dict' | while read -r file; do
			head -n 3 "$file" | grep -q \
				'SPDX-License-Identifier: BSD-2-Clause' ||
				echo "$file"
		done)"
}

@test "house: the top level holds what it may, and no more" {
	none_of "others" "$(find . -maxdepth 1 -mindepth 1 | sed 's|^\./||' |
		grep -vxE 'cmd|lib|man|tests|Makefile|README\.md|LICENSE|\.ci|\.clang-format|\.clang-tidy|\.editorconfig|\.gitignore|\.git|build')"
}

@test "house: no function is longer than 41 lines" {
	mapfile -t sources < <(find cmd lib -name '*.c')
	none_of "functions" "$(awk '
		/^[a-z_0-9]+\(/ { name = $0 }
		/^{/ { start = FNR }
		/^}/ && start {
			if (FNR - start - 1 > 41)
				print FILENAME ": " FNR - start - 1 ": " name
			start = 0
		}' "${sources[@]}")"
}

@test "house: no test file is longer than 600 lines" {
	none_of "files" "$(find tests -type f ! -path 'tests/fuzz/seeds/*' \
		-exec wc -l {} \; | awk '$1 > 600')"
}

@test "house: every open closes on exec" {
	mapfile -t sources < <(find cmd lib -name '*.c')
	none_of "opens" "$(awk '
		/[^a-z_](open|openat)\(/ { call = ""; inside = 1 }
		inside { call = call $0 }
		inside && /;|\{/ {
			inside = 0
			if (call ~ /O_(RD|WR)/ && call !~ /O_CLOEXEC/ &&
			    FILENAME !~ /main\.c/)
				print FILENAME ":" FNR ": " call
		}' "${sources[@]}")"
}

@test "house: no word stands where a plainer one is known" {
	none_of "words" "$(grep -rnwiE 'anew|bait|books|crowd|drafts?|errand|folders?|keeper|lives|lookout|slots?|somebody|strangers?|trouble|whoever|wish' \
		cmd lib man/*.[13] README.md)"
	# The messages: what was requested, or has happened since.
	none_of "messages" "$(grep -rnE '"[^"]*\<(asked|meanwhile)\>' cmd)"
}

@test "house: nothing is left to do" {
	# Bracketed, so that the search does not find itself.
	none_of "marks" "$(grep -rnwE 'TO[D]O|FIXM[E]|XX[X]|HAC[K]' cmd lib \
		man Makefile README.md)"
}
