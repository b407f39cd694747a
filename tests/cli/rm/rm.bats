# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154

load ../common

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# The value of a JSON path: segments.0.result.  Fails unless it is JSON.
json_of() {
	perl -MJSON::PP -e '
		my $v = JSON::PP->new->utf8->allow_nonref->decode($ARGV[1]);
		for (split /\./, $ARGV[0]) {
			$v = ref $v eq "ARRAY" ? $v->[$_] : $v->{$_};
		}
		print defined $v ? ref $v eq "ARRAY" ? scalar @$v : $v :
		    "null", "\n"' "$1" "$output"
}

@test "rm: a segment by id, by key, and by each other form, silently" {
	local form
	: >"$BATS_TEST_TMPDIR/f"
	for form in N id:N id:0xN 0xK key:0xK key:K; do
		make_segment
		key=$(of_id key "$id")
		case $form in
		N) name=$id ;;
		id:N) name=id:$id ;;
		id:0xN) name=$(printf 'id:0x%x' "$id") ;;
		0xK) name=$key ;;
		key:0xK) name=key:$key ;;
		key:K) name=key:$((key)) ;;
		esac
		run --separate-stderr shmtool rm "$name"
		[ "$status" -eq 0 ] || { echo "$name: $stderr"; return 1; }
		[ -z "$output$stderr" ]
		[ "$(segments)" -eq 0 ]
	done
}

@test "rm: a segment by ftok(3)'s key" {
	: >"$BATS_TEST_TMPDIR/f"
	key=$(perl -MIPC::SysV=ftok -e 'print ftok($ARGV[0], 7)' \
		"$BATS_TEST_TMPDIR/f")
	perl -e 'defined shmget($ARGV[0], 100, 01600) or die $!' "$key"
	[ "$(segments)" -eq 1 ]
	shmtool rm "ftok:$BATS_TEST_TMPDIR/f:7"
	[ "$(segments)" -eq 0 ]
}

@test "rm: several at once, going on after an absent one (3)" {
	make_segment
	a=$id
	make_segment
	b=$id
	make_segment
	run --separate-stderr shmtool rm "$a" 99999 "$b"
	[ "$status" -eq 3 ]
	message_has "rm: 99999:" "no such segment"
	[ "$(segments)" -eq 1 ]
	[ "$(of_id bytes "$id")" = 4096 ]
}

@test "rm: an absent key is 3, and the same segment twice is absent then" {
	run --separate-stderr shmtool rm 0x12345
	[ "$status" -eq 3 ]
	message_has "rm: 0x12345:" "no such segment"
	make_segment
	run --separate-stderr shmtool rm "$id" "id:$id"
	[ "$status" -eq 3 ]
	message_has "rm: id:$id:" "no such segment"
	[ "$(segments)" -eq 0 ]
}

@test "rm: -f of an absent segment is no error" {
	run --separate-stderr shmtool rm --force 99999 0x12345
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	run --separate-stderr shmtool rm -fv 99999
	[ "$status" -eq 0 ]
	[ "$output" = "absent 99999" ]
}

@test "rm: -v has a line for each" {
	make_segment 64K
	key=$(of_id key "$id")
	owner=$(of_id owner "$id")
	run --separate-stderr shmtool rm --verbose "$id"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$output" = "removed $id ($key, 64K, owner $owner)" ]
}

@test "rm: an attached segment is refused (5), the others go" {
	make_segment
	hold "$id"
	a=$id
	make_segment
	run --separate-stderr shmtool rm "$a" "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $a: kept: attached by $holder (perl), nattch 1;" \
		"--force"
	[ "$(of_id nattch "$a")" = 1 ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: -f marks an attached segment and says until when it stays" {
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm -f "$id"
	[ "$status" -eq 0 ]
	message_has "rm: $id: marked for removal" \
		"last detach by $holder (perl), nattch 1"
	ipcs -m | grep -q dest
	release
	[ "$(segments)" -eq 0 ]
}

@test "rm: a marked segment is refused as already marked (5), -f is content" {
	make_segment
	hold "$id"
	ipcrm -m "$id"
	run --separate-stderr shmtool rm "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: already marked" "by $holder (perl)"
	run --separate-stderr shmtool rm -f "$id"
	[ "$status" -eq 0 ]
	message_has "rm: $id: kept: already marked"
	[ "$(of_id nattch "$id")" = 1 ]
}

@test "rm: another's segment is 4 and stays" {
	needs_root
	make_segment 4096 0666
	run --separate-stderr without_privilege shmtool rm "$id"
	[ "$status" -eq 4 ]
	message_has "rm: $id:" "owner root"
	run --separate-stderr without_privilege shmtool rm --json "$id"
	[ "$status" -eq 4 ]
	[ "$(json_of segments.0.result)" = failed ]
	run --separate-stderr without_privilege shmtool rm -n "$id"
	[ "$status" -eq 4 ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: permission comes first: another's is 4, attached or marked or not" {
	needs_root
	make_segment 4096 0666
	hold "$id"
	for how in "" -f -n "-n -f"; do
		# shellcheck disable=SC2086
		run --separate-stderr without_privilege shmtool rm $how "$id"
		[ "$status" -eq 4 ] || { echo "$how: $status $stderr"; return 1; }
		message_has "rm: $id: only its owner root, its creator root and"
		[[ $stderr != *--force* && $stderr != *attached* ]]
	done
	run --separate-stderr without_privilege shmtool rm --all -y
	[ "$status" -eq 4 ]
	ipcrm -m "$id"
	run --separate-stderr without_privilege shmtool rm "$id"
	[ "$status" -eq 4 ]
	[ "$(of_id nattch "$id")" = 1 ]
}

@test "rm: to find out who may remove changes nothing" {
	make_segment
	hold "$id"
	before=$(cat /proc/sysvipc/shm)
	sleep 1.1
	run shmtool rm "$id"
	[ "$status" -eq 5 ]
	run shmtool rm -n -f "$id"
	[ "$(cat /proc/sysvipc/shm)" = "$before" ]
}

@test "rm: a kept one's message tells what --force would do to its users" {
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm "$id"
	[ "$status" -eq 5 ]
	message_has "attached by $holder (perl), nattch 1; they must detach" \
		"first: --force lets them keep it, but frees its key"
	id=$(perl -e 'print shmget(0, 4096, 0600) + 0')
	hold "$id"
	run --separate-stderr shmtool rm "$id"
	[ "$status" -eq 5 ]
	message_has "they must detach first: --force only marks it, to go with"
}

@test "rm: failures of several kinds are 1" {
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm "$id" 99999
	[ "$status" -eq 1 ]
	[ "$(segments)" -eq 1 ]
}

@test "rm: --dry-run shows what would go, exits as it would, touches nothing" {
	make_segment 1M
	a=$id
	make_segment
	hold "$id"
	before=$(cat /proc/sysvipc/shm)
	run --separate-stderr shmtool rm -n "$a"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ ${lines[0]} == ACTION*ID*KEY*OWNER*SIZE*NATTCH* ]]
	[[ ${lines[1]} == remove*" $a "*1.0M* ]]
	[ "${lines[2]}" = "would remove 1 of 1, 1.0M" ]
	run --separate-stderr shmtool rm --dry-run "$a" "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept"
	[[ ${lines[2]} == keep* ]]
	run --separate-stderr shmtool rm -n -f "$id" 99999
	[ "$status" -eq 0 ]
	message_has "rm: $id: would be marked for removal, goes at the last" \
		"detach by $holder (perl), nattch 1"
	[[ ${lines[1]} == mark* ]]
	[ "${#lines[@]}" -eq 3 ]
	run shmtool rm -n 99999
	[ "$status" -eq 3 ]
	[ "$(cat /proc/sysvipc/shm)" = "$before" ]
}

@test "rm: the table of what would go tells the memory in use, each its own" {
	make_segment 1M
	a=$id
	make_segment 64K
	shmtool write -z1 -n 64K "$id"
	for what in "$id $a" --all; do
		# shellcheck disable=SC2086 # two operands
		run --separate-stderr shmtool rm -n $what
		[ "$status" -eq 0 ]
		[[ $output == *"remove  "*"$id "*" 64K  64K "* ]]
		[[ $output == *"remove  "*"$a "*" 1.0M    0 "* ]]
	done
}

@test "rm: --json tells what became of each" {
	make_segment 64K
	a=$id
	make_segment
	hold "$id"
	key=$(of_id key "$a")
	run --separate-stderr shmtool rm --json "$a" "$id" 99999 0x4d2 id:0x10
	[ "$status" -eq 1 ]
	[ "$(json_of segments)" = 5 ]
	[ "$(json_of segments.0.id)" = "$a" ]
	[ "$(json_of segments.0.key)" = "$((key))" ]
	[ "$(json_of segments.0.key_hex)" = "$key" ]
	[ "$(json_of segments.0.size)" = 65536 ]
	[ "$(json_of segments.0.result)" = removed ]
	[ "$(json_of segments.0.reason)" = null ]
	[ "$(json_of segments.1.result)" = kept ]
	[[ $(json_of segments.1.reason) == "attached by $holder (perl), "* ]]
	[ "$(json_of segments.1.attachments)" = 1 ]
	[ "$(json_of segments.1.attachments.0.pid)" = "$holder" ]
	[ "$(json_of segments.1.attachments.0.command)" = perl ]
	[ "$(json_of segments.1.attachments.0.access)" = rw ]
	[ "$(json_of segments.2.result)" = absent ]
	[ "$(json_of segments.2.id)" = 99999 ]
	[ "$(json_of segments.2.key)" = null ]
	[ "$(json_of segments.2.size)" = null ]
	[ "$(json_of segments.3.id)" = null ]
	[ "$(json_of segments.3.key)" = 1234 ]
	[ "$(json_of segments.4.id)" = 16 ]
	run --separate-stderr shmtool rm --json -f "$id"
	[ "$status" -eq 0 ]
	[ "$(json_of segments.0.result)" = marked ]
}

@test "rm: -v beside --json: its lines go to stderr" {
	make_segment
	a=$id
	make_segment
	run --separate-stderr shmtool rm -v -f --json "$a" "$id" 99999
	[ "$status" -eq 0 ]
	[ "$(json_of segments)" = 3 ]
	[[ $output == "{"* && $output != *$'\n'* ]]
	[[ ${stderr_lines[0]} == "removed $a ("* ]]
	[[ ${stderr_lines[1]} == "removed $id ("* ]]
	[ "${stderr_lines[2]}" = "absent 99999" ]
}

@test "rm: --json knows the key that marking has taken away" {
	needs_mounts
	make_segment
	key=$(of_id key "$id")
	hold "$id"
	run --separate-stderr shmtool rm --json -f "$id"
	[ "$(json_of segments.0.result)" = marked ]
	[ "$(json_of segments.0.key_hex)" = "$key" ]
	run --separate-stderr shmtool rm --json -f "$id"
	[ "$(json_of segments.0.result)" = kept ]
	[ "$(json_of segments.0.key_hex)" = "$key" ]
	[ "$(json_of segments.0.key)" = "$((key))" ]
	# Where nobody can be asked it is not 0, which would be a private one.
	[ "$(id -u)" -eq 0 ] && is_plain || return 0
	# shellcheck disable=SC2016
	run --separate-stderr unshare --mount sh -c '
		mount -t tmpfs none /proc && exec shmtool rm --json -f "$1"' \
		- "$id"
	[ "$(json_of segments.0.result)" = kept ]
	[ "$(json_of segments.0.key_hex)" = null ]
	[ "$(json_of segments.0.key)" = null ]
	[ "$(json_of segments.0.size)" = 4096 ]
}

@test "rm: --json with --dry-run tells what would become" {
	make_segment
	a=$id
	make_segment
	hold "$id"
	run --separate-stderr shmtool rm --json -n -f "$a" "$id"
	[ "$status" -eq 0 ]
	[ "$(json_of segments.0.result)" = would-remove ]
	[ "$(json_of segments.1.result)" = would-mark ]
	run --separate-stderr shmtool rm --json -n "$id"
	[ "$status" -eq 5 ]
	[ "$(json_of segments.0.result)" = kept ]
	[ "$(segments)" -eq 2 ]
}

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
	[[ $stderr == *"mark $id "*"last detach"* ]]
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
	grep -q "rm: $id: kept: attached meanwhile by" \
		"$BATS_TEST_TMPDIR/err"
	[ "$(of_id nattch "$id")" = 1 ]
	run ! grep -q dest <(ipcs -m)
}

@test "rm: a wrong command line is 2 and removes nothing" {
	make_segment
	local line
	local -a wrong=(
		"" "$id 0x" "$id 12x" "$id --frob" "-i -y $id" "-i -n $id"
		"$id --all" "$id --save" "--yes" "--json" "$id 0x0" "-q $id"
	)
	for line in "${wrong[@]}"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool rm $line
		[ "$status" -eq 2 ] || { echo "$status: $line"; return 1; }
		message_has "shmtool: rm:"
	done
	[ "$(segments)" -eq 1 ]
}

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
