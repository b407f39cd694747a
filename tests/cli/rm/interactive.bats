# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# rm -i, interrupted, and with outputs that fail.

load ../common
load remove

@test "rm: -i asks for each on stderr; no and the end of input keep" {
	make_segment
	a=$id
	make_segment 64K
	b=$id
	make_segment
	run --separate-stderr shmtool rm -iv "$a" "$b" "$id" <<<$'n\ny'
	[ "$status" -eq 0 ]
	[[ $output == "removed $b "* ]]
	[[ $stderr == *"remove $a "*"[y,n,a,q,?]"*"remove $b "*"64K"*"remove $id "* ]]
	[ "$(segments)" -eq 2 ]
	run --separate-stderr shmtool rm --interactive --json "$a" <<<"no"
	[ "$status" -eq 0 ]
	[ "$(json_of segments.0.result)" = kept ]
	run shmtool rm -i "$a" "$id" </dev/null
	[ "$status" -eq 0 ]
	[ "$(segments)" -eq 2 ]
}

@test "rm: -i knows y n a q ?, and tells what it did" {
	local ids=() i
	for i in 1 2 3 4 5 6; do
		make_segment
		ids+=("$id")
	done
	run --separate-stderr shmtool rm -i "${ids[@]}" <<<$'?\nmaybe\nY\nNO\nq'
	[ "$status" -eq 0 ]
	[ "$output" = "removed 1, 4.0K" ]
	# Asked again after each help.
	[ "$(grep -o "remove ${ids[0]} " <<<"$stderr" | wc -l)" -eq 3 ]
	[ "$(grep -c '^q  quit' <<<"$stderr")" -eq 2 ]
	[ "$(grep -c '^[na?]  ' <<<"$stderr")" -eq 6 ]
	[[ $stderr != *"remove ${ids[3]} "* ]]
	[ "$(segments)" -eq 5 ]
	run --separate-stderr shmtool rm -i --json "${ids[@]:1}" \
		<<<$'n\nyes\na\nn'
	[ "$status" -eq 0 ]
	[ "$(json_of segments.0.result)" = kept ]
	[ "$(json_of segments.1.result)" = removed ]
	[ "$(json_of segments.4.result)" = removed ]
	[ "$(segments)" -eq 1 ]
	run --separate-stderr shmtool rm -i --json "${ids[1]}" 0x4d2 <<<quit
	[ "$status" -eq 0 ]
	for i in 0 1; do
		[ "$(json_of segments.$i.result)" = not-tried ]
	done
	run --separate-stderr shmtool rm -i "${ids[1]}" <<<""
	[ "$status" -eq 0 ]
	[ "$output" = "nothing removed" ]
	[[ $stderr != *"print this help"* ]]
	# No question, nothing to tell.
	run --separate-stderr shmtool rm -i -f 99999 </dev/null
	[ -z "$output$stderr" ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: an answer that only begins as one removes nothing" {
	make_segment
	run --separate-stderr shmtool rm -i "$id" <<<$'abort\nyikes\nallow'
	[ "$status" -eq 0 ]
	[ "$output" = "nothing removed" ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: -i says of an attached one, under -f, that it would be marked" {
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm -fi "$id" <<<y
	[ "$status" -eq 0 ]
	[[ $stderr == *"mark $id (0x"*", owner $(id -un), nattch 1)? [y,n,a,q,?]"* ]]
	ipcs -m | grep -q dest
}

@test "rm: a full or closed stdout is 1, and the removal was still done" {
	make_segment
	a=$id
	make_segment
	run --separate-stderr bash -c "shmtool rm -v $a $id >/dev/full"
	[ "$status" -eq 1 ]
	message_has "standard output"
	[ "$(segments)" -eq 0 ]
	make_segment
	run --separate-stderr bash -c "shmtool rm --json $id >&-"
	[ "$status" -eq 1 ]
	[ "$(segments)" -eq 0 ]
}

@test "rm: a reader that leaves does not stop it half way" {
	local ids=() i
	for ((i = 0; i < 50; i++)); do
		make_segment
		ids+=("$id")
	done
	run bash -c "shmtool rm -v ${ids[*]} | true; exit \${PIPESTATUS[0]}"
	[ "$status" -eq 0 ] || [ "$status" -eq 1 ]
	[ "$(segments)" -eq 0 ]
}

@test "rm: a signal at the question removes nothing more and is passed on" {
	make_segment
	a=$id
	make_segment
	mkfifo "$BATS_TEST_TMPDIR/in"
	shmtool rm -i --json "$a" "$id" <"$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	exec 4>"$BATS_TEST_TMPDIR/in"
	wait_for grep -q "remove $a" "$BATS_TEST_TMPDIR/err"
	echo y >&4
	wait_for grep -q "remove $id" "$BATS_TEST_TMPDIR/err"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	exec 4>&-
	[ "$status" -eq 143 ]
	output=$(cat "$BATS_TEST_TMPDIR/out")
	[ "$(json_of segments.0.result)" = removed ]
	[ "$(json_of segments.1.result)" = not-tried ]
	[ "$(json_of segments.1.reason)" = interrupted ]
	[ "$(json_of segments.1.id)" = "$id" ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: a signal with more to come says how many were not tried" {
	make_segment
	a=$id
	make_segment
	mkfifo "$BATS_TEST_TMPDIR/in"
	shmtool rm -i --json "$a" "$id" 0x4d2 <"$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	exec 4>"$BATS_TEST_TMPDIR/in"
	wait_for grep -q "remove $a" "$BATS_TEST_TMPDIR/err"
	kill -HUP "$pid"
	status=0
	wait "$pid" || status=$?
	exec 4>&-
	[ "$status" -eq 129 ]
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/err")" = \
		"shmtool: rm: interrupted: 3 of 3 not tried" ]
	output=$(cat "$BATS_TEST_TMPDIR/out")
	for i in 0 1 2; do
		[ "$(json_of segments.$i.result)" = not-tried ]
		[ "$(json_of segments.$i.reason)" = interrupted ]
	done
	# What was not looked at is not made up.
	[ "$(json_of segments.1.id)" = "$id" ]
	[ "$(json_of segments.1.key)" = null ]
	[ "$(json_of segments.1.size)" = null ]
	[ "$(json_of segments.2.id)" = null ]
	[ "$(json_of segments.2.key)" = 1234 ]
	[ "$(segments)" -eq 2 ]
}

@test "rm: -i asks nothing more when what was done cannot be told" {
	make_segment
	a=$id
	make_segment
	run --separate-stderr bash -c \
		"printf 'y\ny\n' | shmtool rm -iv $a $id >/dev/full"
	[ "$status" -eq 1 ]
	[[ $stderr == *"remove $a "*"standard output: No space left"* ]]
	[[ $stderr != *"remove $id "* ]]
	[ "$(segments)" -eq 1 ]
	[ -n "$(of_id key "$id")" ]
}

@test "rm: -n shows what it found, though it went meanwhile" {
	make_segment
	a=$id
	make_segment 8192
	hold "$id"
	# A pipe that is full holds it between its look and the table.
	mkfifo "$BATS_TEST_TMPDIR/err"
	exec 4<>"$BATS_TEST_TMPDIR/err"
	perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_NONBLOCK);
		1 while syswrite(STDOUT, "x" x 4096);
		1 while syswrite(STDOUT, "x");
		fcntl(STDOUT, F_SETFL, 0)' >&4
	shmtool rm -n "$a" "$id" >"$BATS_TEST_TMPDIR/out" \
		2>"$BATS_TEST_TMPDIR/err" 3>&- 4>&- &
	pid=$!
	wait_for bash -c "grep -qx shmtool /proc/$pid/comm &&
		grep -q '^State:.S' /proc/$pid/status"
	ipcrm -m "$a"
	head -c 65536 <&4 >/dev/null
	status=0
	wait "$pid" || status=$?
	exec 4>&-
	[ "$status" -eq 5 ]
	grep -Eq "^remove +$a " "$BATS_TEST_TMPDIR/out"
	grep -Eq "^keep +$id " "$BATS_TEST_TMPDIR/out"
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = \
		"would remove 1 of 2, 4.0K" ]
}

@test "rm: what changed while the question stood is left (5)" {
	make_segment
	mkfifo "$BATS_TEST_TMPDIR/in"
	shmtool rm -i "$id" <"$BATS_TEST_TMPDIR/in" \
		2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	exec 4>"$BATS_TEST_TMPDIR/in"
	wait_for grep -q "remove $id" "$BATS_TEST_TMPDIR/err"
	hold "$id"
	echo y >&4
	status=0
	wait "$pid" || status=$?
	exec 4>&-
	[ "$status" -eq 5 ]
	grep -q "rm: $id: kept: attached by" \
		"$BATS_TEST_TMPDIR/err"
	[ "$(of_id nattch "$id")" = 1 ]
	run ! grep -q dest <(ipcs -m)
}

@test "rm: -i -f says nothing of users that ended while the question stood" {
	make_segment
	hold "$id"
	mkfifo "$BATS_TEST_TMPDIR/in"
	shmtool rm -i -f --json "$id" <"$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
	exec 4>"$BATS_TEST_TMPDIR/in"
	wait_for grep -q "mark $id" "$BATS_TEST_TMPDIR/err"
	release
	echo y >&4
	wait "$pid"
	exec 4>&-
	output=$(cat "$BATS_TEST_TMPDIR/out")
	[ "$(json_of segments.0.result)" = removed ]
	[ "$(json_of segments.0.reason)" = null ]
	[[ $output == *'"attachments": []'* ]]
}

@test "rm -i: of a path, another object that has got its name stays" {
	needs_own_shm
	make_segment
	echo old >/dev/shm/x
	exec 5</dev/shm/x
	mkfifo "$BATS_TEST_TMPDIR/keys"
	shmtool rm -f -i "$id" "/proc/$BASHPID/fd/5" \
		<"$BATS_TEST_TMPDIR/keys" 2>"$BATS_TEST_TMPDIR/asked" 3>&- &
	pid=$!
	exec 4>"$BATS_TEST_TMPDIR/keys"
	wait_for grep -q "remove $id " "$BATS_TEST_TMPDIR/asked"
	rm /dev/shm/x
	echo new >/dev/shm/x
	# By one write(2): rm may not wait for the second answer.
	cat <<<$'n\ny' >&4
	exec 4>&-
	wait "$pid"
	[ "$(cat /dev/shm/x)" = new ]
}
