# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat: everything about one segment, and the proof that it is stale.

load ../common
load rows

@test "stat: the key that marking took is given back" {
	make_key 4d2
	hold "$id"
	ipcrm -m "$id"
	[ "$(of_id key "$id")" = 0x00000000 ]
	[ "$(cell "$id" KEY)" = 0x000004d2 ]
	shmtool stat "$id" | grep -q 'key .*0x000004d2 until it was marked'
}

@test "stat: a dead creator shows, and a live one by its name" {
	make_segment
	[ "$(cell "$id" CCOMMAND)" = "(gone)" ]
	# One segment after the other is not of one creator for that.
	perl -e '$0 = "creating"; shmget(7, 4096, 0600 | 01000) // die $!;
		system("ipcmk -M 4096 >&2") == 0 or die;
		shmget(8, 4096, 0600 | 01000) // die $!;
		open my $f, ">", shift; sleep 1 while 1' \
		"$BATS_TEST_TMPDIR/made" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/made"
	[ "$(shmtool stat --tsv --no-heading -o CPID,CCOMMAND 0x7)" = \
		"$!"$'\tcreating' ]
	[ "$(shmtool stat --tsv --no-heading -o CCOMMAND | xargs)" = \
		"(gone) creating (gone) creating" ]
}

@test "stat: a last user that nobody was, is, or was" {
	make_segment
	[ "$(cell "$id" LCOMMAND)" = - ]
	NAME=using hold "$id"
	[ "$(cell "$id" LCOMMAND)" = using ]
	release
	[ "$(cell "$id" LCOMMAND)" = "(gone)" ]
}

@test "stat: a reused number is not taken for the creator" {
	[ -w /proc/sys/kernel/ns_last_pid ] && [ "$(id -u)" -eq 0 ] ||
		skip "cannot choose a pid here: ns_last_pid is not writable"
	needs_mounts
	# In a PID namespace of its own numbers are easily had again, on what
	# seems to be a machine where they have all been used.
	awk '$1 == "processes" { $2 = "4000000000" } 1' /proc/stat \
		>"$BATS_TEST_TMPDIR/stat"
	run unshare --pid --fork --mount-proc bash -c '
		mount --bind "$0" /proc/stat || exit
		id=$(perl -e "print shmget(0, 4096, 0600 | 01000)")
		pid=$(shmtool stat --tsv --no-heading -o CPID "id:$id")
		sleep 4
		for try in 1 2 3 4 5; do
			echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
			sleep 30 &
			[ $! -eq "$pid" ] && break
		done
		[ $! -eq "$pid" ] || { echo no luck; exit; }
		until grep -q sleep "/proc/$pid/comm"; do sleep 0.05; done
		shmtool stat --tsv --no-heading -o CCOMMAND "id:$id"
		shmtool stat --json "id:$id"
		shmtool stat "id:$id"' "$BATS_TEST_TMPDIR/stat"
	[ "${lines[0]}" != "no luck" ] || skip "the number was not had again"
	[ "${lines[0]}" = "(reused)" ]
	[[ ${lines[1]} == *'"ccommand": null, "ccommand_life": "reused"'* ]]
	[[ $output == *"gone (the pid now belongs to sleep)"* ]]
}

@test "stat: everything about one" {
	make_key 4d2 1572864
	hold "$id"
	run --separate-stderr shmtool stat 0x4d2
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	local owner
	owner=$(id -un)
	for line in "id  *$id" "key  *0x000004d2" \
		"owner  *$owner ($(id -u)), group $(id -gn) ($(id -g))" \
		"creator  *$owner" "perms  *0600" "size  *1.5M (1572864 bytes)" \
		"resident  *0 bytes, swapped 0 bytes" "status  *-" \
		"created by  *[0-9]*, gone" "last used by  *$holder (perl), alive" \
		"attach  *20.* ago" "detach  *never" "change  *20.* ago" \
		"attached  *1 mapping, 1 process seen" \
		" *$holder  $owner  perl  *rw  *0x[0-9a-f]*  1.5M  *1"; do
		grep -q "^$line" <<<"$output" || { echo "no $line"; return 1; }
	done
}

@test "stat: details of several have an empty line between them" {
	make_segment
	local first=$id
	make_segment
	run shmtool stat "$first" "$id"
	[ "$(grep -c '^id ' <<<"$output")" -eq 2 ]
	[ "$(grep -c '^$' <<<"$output")" -eq 1 ]
}

@test "stat: a private segment says so" {
	id=$(shmtool create -s 1)
	shmtool stat "$id" | grep -q '^key  *none (private)$'
	[ "$(cell "$id" KEY)" = 0x00000000 ]
}

@test "stat: each part of the proof of staleness" {
	id=$(shmtool create -s 4096)
	run shmtool stat "$id"
	[[ $output =~ stale\ +no:\ not\ attached\;\ not\ marked\;\ creator\ [0-9]+,\ gone\;\ never\ attached\;\ idle\ [0-9]+s\ of\ 1h00m ]]
	hold "$id"
	shmtool stat "$id" |
		grep -q "^stale  *no: attached;.*last attach by $holder (perl), alive"
	release
	shmtool stat "$id" | grep -q "last detach by [0-9]*, gone"
	hold "$id"
	ipcrm -m "$id"
	shmtool stat "$id" | grep -q "^stale  *no: attached; marked for removal;"
}

@test "stat: stale ones, with --idle 0 at once" {
	id=$(shmtool create -s 4096)
	[ -z "$(shmtool stat --stale --no-heading)" ]
	[ "$(shmtool stat --stale --idle 0 --tsv --no-heading -o ID,STATUS)" = \
		"$id"$'\tstale' ]
	[ "$(cell "$id" STATUS)" = - ]
	hold "$id"
	[ -z "$(shmtool stat --stale --idle 0 --no-heading)" ]
}

# What was made and left two hours ago, as by dead processes.
@test "stat: an hour makes it stale, in the words, the filter and the proof" {
	make_later
	make_segment
	local stale=$id
	make_segment 8192
	hold "$id"
	[ -z "$(shmtool stat --stale --no-heading)" ]
	[ "$(later shmtool stat --stale --tsv --no-heading -o ID)" = "$stale" ]
	[ "$(later shmtool stat --tsv --no-heading -o STATUS | xargs)" = \
		"stale -" ]
	# --idle overrides the hour, both ways.
	[ -z "$(later shmtool stat --stale --idle 3h --no-heading)" ]
	[ "$(later shmtool stat --idle 3h --tsv --no-heading -o ID,STATUS)" = "" ]
	run later shmtool stat "$stale"
	[[ $output =~ status\ +stale ]]
	[[ $output =~ stale\ +yes:\ not\ attached.*idle\ 2h00m$'\n' ]]
	later shmtool stat --json "$stale" |
		grep -q '"stale": true.*"last_user_gone": true, "idle_enough": true'
}

@test "stat: how long idle, in minutes, hours and days" {
	local seconds
	make_segment
	for seconds in 150:2m 7260:2h01m 183700:2d03h; do
		make_later "${seconds%:*}"
		[ "$(later shmtool stat --no-heading -o IDLE | xargs)" = \
			"${seconds#*:}" ]
		run later shmtool stat "$id"
		[[ $output == *"idle ${seconds#*:}"* ]]
	done
}

@test "stat: a holder that the pid namespace hides is told of" {
	local space=(unshare --pid --fork --kill-child --mount-proc)
	"${space[@]}" true 2>/dev/null ||
		skip "no PID namespace can be made here"
	make_segment
	hold "$id"
	run --separate-stderr "${space[@]}" shmtool stat --tsv --no-heading \
		-o ID,NATTCH,PROCS
	[ "$status" -eq 0 ]
	[ "$output" = "$id"$'\t1\t0' ]
	message_has "stat: 1 segment may have more users" \
		"processes changed or hidden"
}

@test "stat: a creator and a user that the pid namespace hides are unknown" {
	make_segment
	local pids='unshare --pid --fork --kill-child'
	$pids true 2>/dev/null || skip "no PID namespace can be made here"
	hold "$id"
	release
	# With the /proc of the namespace above numbers mean nothing.
	run $pids shmtool stat --tsv --no-heading -o CPID,CCOMMAND,LPID,LCOMMAND \
		"$id"
	[ "$output" = $'-\t-\t-\t-' ]
	run $pids shmtool stat "$id"
	[[ $output =~ created\ by\ +a\ process\ that\ cannot\ be\ seen ]]
	[[ $output =~ last\ used\ by\ +a\ process\ that\ cannot\ be\ seen ]]
	run $pids shmtool stat --json "$id"
	[[ $output == *'"ccommand": null, "ccommand_life": "unknown"'* ]]
	[[ $output == *'"stale": false'* && $output == *'"creator_gone": false'* ]]
	[ -z "$($pids shmtool stat --stale --idle 0 --no-heading)" ]
	[ "$(shmtool stat --stale --idle 0 --tsv --no-heading -o ID)" = "$id" ]
}

@test "stat: without /proc a process may have exited" {
	needs_mounts
	! is_valgrind || skip "valgrind needs /proc"
	make_segment
	perl -e 'shmread($ARGV[0], my $bytes, 0, 1) or die;
		open my $f, ">", $ARGV[1];
		close $f; sleep 60' "$id" "$BATS_TEST_TMPDIR/looked" 3>&- &
	holders+=("$!")
	wait_for test -e "$BATS_TEST_TMPDIR/looked"
	run unshare --mount sh -c 'mount -t tmpfs none /proc &&
		exec shmtool stat "$1"' - "$id"
	grep -Eq "^last used by +$!, may have exited$" <<<"$output"
	grep -Eq "^stale +no: .*; last detach by $!, may have exited; idle" \
		<<<"$output"
}

@test "stat: a lost key that nobody tells is unknown" {
	id=$(shmtool create -k 0x4d2 -s 1)
	hold "$id"
	ipcrm -m "$id"
	run without_privilege shmtool stat "$id"
	grep -Eq '^key +unknown: lost when it was marked for removal$' \
		<<<"$output"
	run shmtool stat "$id"
	grep -Eq '^key +0x000004d2 until it was marked for removal$' \
		<<<"$output"
}

@test "stat: what logind removes at logout is marked so" {
	needs_root
	needs_mounts
	make_segment
	local ours=$id
	make_segment
	shmtool set -u 4242 "$id"
	# Where no logind runs.
	run unshare --mount sh -c 'mount -t tmpfs none /run &&
		shmtool stat "$1" && shmtool stat --json "$1"' - "$id"
	[ "$status" -eq 0 ]
	[[ $output != *"at logout"* && $output == *'"logout_removes": false'* ]]
	# As where logind runs, with its defaults.
	run unshare --mount sh -c '
		mount -t tmpfs none /run && mount -t tmpfs none /etc &&
		mkdir -p /run/systemd/users /etc/systemd &&
		shmtool stat "$1" && echo --- && shmtool stat "$2" &&
		shmtool stat --json "$1" "$2"' - "$id" "$ours"
	[ "$status" -eq 0 ]
	grep -q '^at logout  *systemd-logind removes it' <<<"${output%%---*}"
	[ "$(grep -c '^at logout' <<<"$output")" -eq 1 ]
	[ "$(grep -o '"logout_removes": [a-z]*' <<<"$output" | xargs)" = \
		"logout_removes: true logout_removes: false" ]
	# Switched off.
	run unshare --mount sh -c '
		mount -t tmpfs none /run && mount -t tmpfs none /etc &&
		mkdir -p /run/systemd/users /etc/systemd &&
		printf "[Login]\nRemoveIPC=no\n" >/etc/systemd/logind.conf &&
		shmtool stat "$1" && shmtool stat --json "$1"' - "$id"
	[ "$status" -eq 0 ]
	[[ $output != *"at logout"* ]]
	[[ $output == *'"logout_removes": false'* ]]
}

# claim SUBJECT: a process that makes a segment and writes the header of a
# PostgreSQL server into it, which is not true where SUBJECT says so.  The
# number that it has under "${under[@]}" is not the one seen from here.
under=()
claim() {
	local ready="$BATS_TEST_TMPDIR/claim.$1"
	mkdir "$BATS_TEST_TMPDIR/data.$1"
	"${under[@]}" perl -MIPC::SysV=shmat -e '
		my ($ready, $wrong, $other) = @ARGV;
		# Without a handler, the first process of a namespace ignores it.
		$SIG{TERM} = sub { exit };
		my $id = shmget(0, 4096, 0600 | 01000) // die $!;
		defined shmat($id, undef, 0) or die $!;
		chdir "data.$wrong" or die $!;
		my ($dev, $inode) = (stat ".")[0, 1];
		$inode++ if $wrong eq "inode";
		$dev++ if $wrong eq "device";
		shmwrite($id, pack("l l x16 L x12 Q Q",
		    $wrong eq "magic" ? 679834893 : 679834894,
		    $wrong eq "pid" ? $other : $$, 0, $dev, $inode),
		    0, 56) or die $!;
		chdir "/" if $wrong eq "directory";
		exit 0 if $wrong eq "creator" && fork;
		open my $f, ">", "$ready.new" or die $!;
		print $f "$id $$\n";
		close $f;
		rename "$ready.new", $ready;
		sleep 600' "$ready" "$1" $$ 3>&- &
	holders+=("$!")
	wait_for test -e "$ready"
	read -r id holder <"$ready"
	[ ${#under[@]} -eq 0 ] || holder=$(pgrep -P "$!")
	holders+=("$holder")
}

@test "stat: what a header says of PostgreSQL is compared with the kernel" {
	local wrong
	is_32_bit && skip "the header of a server of 64 bits"
	cd "$BATS_TEST_TMPDIR"
	claim nothing
	shmtool stat "$id" | grep -q \
		"^postgresql  *server $holder, data directory $PWD/data.nothing\$"
	for wrong in magic pid device inode directory creator; do
		claim "$wrong"
		run shmtool stat "$id"
		[ "$status" -eq 0 ]
		[[ $output != *postgresql\ * ]] || {
			echo "believed in spite of $wrong: $output"
			return 1
		}
		shmtool stat --json "$id" | grep -q '"postgresql": null'
	done
}

@test "stat: a PostgreSQL server in a PID namespace of its own" {
	is_32_bit && skip "the header of a server of 64 bits"
	under=(unshare --pid --fork)
	"${under[@]}" true 2>/dev/null ||
		skip "no PID namespace can be made here"
	cd "$BATS_TEST_TMPDIR"
	claim nothing
	shmtool stat "$id" | grep -q \
		"^postgresql  *server $holder, data directory $PWD/data.nothing\$"
}
