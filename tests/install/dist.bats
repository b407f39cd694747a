# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# make dist outside a checkout: nothing that looks like a tarball.

load ../cli/common

setup() {
	tree=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	unset MAKEFLAGS MAKELEVEL MFLAGS
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p outer/copy/lib
	cp "$tree/Makefile" outer/copy
	cp "$tree/lib/shmtool.h" outer/copy/lib
}

refused() {
	run make -C outer/copy dist
	[ "$status" -eq 2 ]
	[[ $output == *"outer/copy is not a git checkout"* ]]
	[ -z "$(find outer/copy -name '*.tar*')" ]
}

@test "dist: outside a git checkout it fails with the reason" {
	GIT_CEILING_DIRECTORIES=$PWD refused
}

@test "dist: in a folder of another git checkout too" {
	command -v git >/dev/null || skip "no git here"
	git init -q outer
	git -C outer add .
	git -C outer -c user.name=x -c user.email=x@x commit -qm outer
	refused
}
