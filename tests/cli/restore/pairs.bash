# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests of restore share.

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	dir=.
}

# A segment with random contents, saved, removed; its files are $name.*, a
# copy of its contents is the file contents.
make_saved() {
	make_segment "${1:-10000}" "${2:-0600}"
	fill "${1:-10000}"
	by_perl "$id" >contents
	save
	ipcrm -m "$id"
}

# The digest of what is on stdin, as the last line of a .meta has it.
digest() {
	xxhsum -H2 | cut -d' ' -f1
}

can_forge() {
	command -v xxhsum >/dev/null || skip "no xxhsum here"
}

# Makes of the lines in "body" a .meta with a fitting digest.
forge() {
	cp body "$1"
	echo "meta-xxh3-128 $(digest <body)" >>"$1"
}
