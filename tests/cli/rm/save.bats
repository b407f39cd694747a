# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# rm --save: no removal without a copy.

load ../common
load ../saved
load remove

@test "rm: --save saves each first, and what was saved can be restored" {
	make_segment 64K
	key=$(of_id key "$id")
	perl -e 'shmwrite($ARGV[0], "the contents", 0, 12) or die' "$id"
	mkdir "$BATS_TEST_TMPDIR/d"
	run --separate-stderr shmtool rm -v --save "$BATS_TEST_TMPDIR/d" "$id"
	[ "$status" -eq 0 ] || { echo "$stderr"; return 1; }
	[ "$(segments)" -eq 0 ]
	[[ $output == "removed $id "*"saved as $BATS_TEST_TMPDIR/d/$id-"* ]]
	new=$(shmtool restore "$BATS_TEST_TMPDIR/d/$id-"*.meta)
	[ "$(of_id key "$new")" = "$key" ]
	[ "$(perl -e 'shmread($ARGV[0], $x, 0, 12) or die; print $x' \
		"$new")" = "the contents" ]
}

@test "rm: --save with filters, and in JSON" {
	make_segment
	make_segment
	run --separate-stderr shmtool rm --stale --idle 0 --yes --json \
		--save "$BATS_TEST_TMPDIR"
	[ "$status" -eq 0 ]
	[ "$(segments)" -eq 0 ]
	[ "$(json_of segments)" = 2 ]
	[ -s "$(json_of segments.1.saved).meta" ]
}

@test "rm: no save, no removal" {
	make_segment
	run --separate-stderr shmtool rm --save "$BATS_TEST_TMPDIR/none" "$id"
	[ "$status" -eq 1 ]
	message_has "rm: $id: not saved, so not removed:" \
		"$BATS_TEST_TMPDIR/none"
	[ "$(segments)" -eq 1 ]
	# An older pair of the same segment is replaced.
	shmtool save "$BATS_TEST_TMPDIR" "$id"
	shmtool rm --save "$BATS_TEST_TMPDIR" "$id"
	[ "$(segments)" -eq 0 ]
	[ "$(find "$BATS_TEST_TMPDIR" -name "$id-*" | wc -l)" -eq 2 ]
}

@test "rm: what is kept after it was saved has a copy, and a message says so" {
	dir=$BATS_TEST_TMPDIR/d
	mkdir "$dir"
	can_inject
	make_segment
	stopped_at renameat:when=1 \
		"perl -e 'shmwrite($id, q(x), 0, 1) or die'" \
		shmtool rm --save "$dir" "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: it was used while it was saved; saved as" \
		" $dir/$id-"
	[ "$(names | wc -w)" -eq 2 ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: --save of an attached one, refused before it is saved or forced" {
	make_segment
	perl -e 'shmwrite($ARGV[0], "the contents", 0, 12) or die' "$id"
	hold "$id"
	mkdir "$BATS_TEST_TMPDIR/d"
	run --separate-stderr shmtool rm --save "$BATS_TEST_TMPDIR/d" "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: attached by $holder (perl)"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/d")" ]
	run --separate-stderr shmtool rm -f --save "$BATS_TEST_TMPDIR/d" "$id"
	[ "$status" -eq 0 ]
	message_has "rm: $id:" "marked for removal" "$holder (perl)"
	[ "$(head -c 12 "$BATS_TEST_TMPDIR/d/$id"-*.shm)" = "the contents" ]
	release
}

@test "rm: --save onto a full disk, and --dry-run, leave all as it is" {
	make_segment 64K
	perl -e 'shmwrite($ARGV[0], "x" x 65536, 0, 65536) or die' "$id"
	mkdir "$BATS_TEST_TMPDIR/d"
	run shmtool rm -n --save "$BATS_TEST_TMPDIR/d" "$id"
	[ "$status" -eq 0 ]
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/d")" ]
	needs_mounts
	# shellcheck disable=SC2016
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs -o size=16k none "$1" || exit 9
		shmtool rm --save "$1" "$2"; status=$?
		ls -A "$1"; exit "$status"' - "$BATS_TEST_TMPDIR/d" "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "rm: $id: not saved, so not removed:" "No space left"
	[ "$(segments)" -eq 1 ]
}
