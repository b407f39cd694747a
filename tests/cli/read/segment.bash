# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests of read share.

make_segment() {
	id=$(ipcmk -M "$1" -p "${2:-0600}" | tr -dc 0-9)
}

# Random bytes, the same each time, in the file data and in the segment.
make_random() {
	perl -e 'srand(7); print pack("C*", map { int rand 256 } 1 .. shift)' \
		"$1" >data
	make_segment "$1"
	shmtool write -f data "$id"
}

file_setup() {
	cd "$BATS_FILE_TMPDIR" || return
}

attached() {
	[ "$(of_id nattch "$id")" -eq "$1" ]
}
