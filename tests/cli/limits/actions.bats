# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# What limits does about limits: --usage, --check, --prometheus, --advise,
# --set and --persist.

load ../common

setup() {
	sysctl=/proc/sys/kernel
	[ -w $sysctl/shmmni ] || skip "the limits of this namespace are fixed"
	cd "$BATS_TEST_TMPDIR" || return 1
	export sysctl
	page=$(getconf PAGESIZE)
}

# Each test has the kernel's own limits, as all begin with.
test_teardown() {
	release
	echo 18446744073692774399 >"$sysctl/shmmax"
	echo 18446744073692774399 >"$sysctl/shmall"
	echo 4096 >"$sysctl/shmmni"
	echo 0 >"$sysctl/shm_rmid_forced"
}

# COUNT private segments of SIZE bytes.
make() {
	perl -e 'for (1 .. $ARGV[0]) {
		defined shmget(0, $ARGV[1], 0600) or die "shmget: $!\n"
	}' "$1" "${2:-1}"
}

limit() {
	cat "$sysctl/$1"
}

# A shell in a mount namespace of its own.
apart() {
	timeout 60 unshare -m bash -euc "$@"
}

@test "usage: segments, pages and the largest segment, in three forms" {
	echo 4 >"$sysctl/shmmni"
	echo 100 >"$sysctl/shmall"
	echo $((4 * page)) >"$sysctl/shmmax"
	make 2 1
	make 1 $((2 * page))
	run --separate-stderr shmtool limits --usage --tsv
	[ "$status" -eq 0 ]
	[ "$output" = "NAME	LIMIT	USED	PERCENT	UNIT
shmmni	4	3	75.0	segments
shmall	100	4	4.0	pages
shmmax	$((4 * page))	$((2 * page))	50.0	bytes" ]
	[ "$(shmtool limits --usage | awk 'NR == 2 { print $1, $2, $3, $4 }')" \
		= "shmmni 4 3 75.0" ]
	[ "$(shmtool limits --usage -b | awk 'NR == 4 { print $2 }')" = \
		$((4 * page)) ]
	[ "$(shmtool limits --usage --json)" = "{\"usage\": [{\"name\": \
\"shmmni\", \"limit\": 4, \"used\": 3, \"percent\": 75.0, \"unit\": \
\"segments\"}, {\"name\": \"shmall\", \"limit\": 100, \"used\": 4, \
\"percent\": 4.0, \"unit\": \"pages\"}, {\"name\": \"shmmax\", \"limit\": \
$((4 * page)), \"used\": $((2 * page)), \"percent\": 50.0, \"unit\": \
\"bytes\"}]}" ]
}

@test "usage: exact at the largest number, unknown at a limit of nothing" {
	make 1
	echo 18446744073709551615 >"$sysctl/shmall"
	echo 18446744073709551615 >"$sysctl/shmmax"
	shmtool limits --usage --tsv |
		grep -qx 'shmall	18446744073709551615	1	0.0	pages'
	echo 0 >"$sysctl/shmall"
	echo 1 >"$sysctl/shmmax"
	shmtool limits --usage --tsv | grep -qx 'shmall	0	1	-	pages'
	shmtool limits --usage --tsv | grep -qx 'shmmax	1	1	100.0	bytes'
	shmtool limits --usage --json |
		grep -q '"limit": 0, "used": 1, "percent": null'
	ipcrm --all=shm
	shmtool limits --usage --tsv | grep -qx 'shmall	0	0	0.0	pages'
}

@test "usage: a limit that is not known is an error, never a figure" {
	local action
	needs_mounts
	for action in --usage --prometheus --advise; do
		run --separate-stderr apart \
			'mount --bind /dev/null /proc/sys/kernel/shmall
			exec shmtool limits "$0"' $action
		[ "$status" -eq 1 ]
		message_has "limits: /proc/sys/kernel/shmall:"
		[ -z "$output" ]
	done
}

@test "usage: the same without /proc/sys and /proc/sysvipc" {
	! is_32_bit || skip "system calls tell it limits of 32 bits"
	local text
	needs_mounts
	make 3 5000
	shmtool limits --usage --tsv >before
	apart 'mount -t tmpfs none /proc/sys
		mount -t tmpfs none /proc/sysvipc
		shmtool limits --usage --tsv' | cmp - before
	apart 'mount --bind /dev/null /proc/sysvipc/shm
		shmtool limits --usage --tsv' | cmp - before
	for text in garbage 'key shmid\n1 2 3\n' '\0\0'; do
		# shellcheck disable=SC2059
		printf "$text" >shm
		apart 'mount --bind "$0" /proc/sysvipc/shm
			shmtool limits --usage --tsv' "$PWD/shm" |
			cmp - before || { echo "at '$text'"; return 1; }
	done
}

@test "usage: a /proc/sysvipc/shm without an end, or that waits" {
	needs_mounts
	make 3 5000
	shmtool limits --usage --tsv >before
	mkfifo fifo
	for file in /dev/zero "$PWD/fifo"; do
		apart 'mount --bind "$0" /proc/sysvipc/shm
			timeout 50 shmtool limits --usage --tsv' "$file" |
			cmp - before || { echo "with $file"; return 1; }
	done
}

# check STATUS WORD [option...]
check() {
	local expected=$1 word=$2
	shift 2
	run --separate-stderr shmtool limits --check "$@"
	if [ "$status" -ne "$expected" ] ||
		[[ $output != "SHM $word - "* ]]; then
		echo "$status: $output$stderr"
		return 1
	fi
}

@test "check: OK, WARNING and CRITICAL of segments, from above a threshold" {
	echo 10 >"$sysctl/shmmni"
	check 0 OK
	make 5
	check 0 OK -w 50 -c 80
	make 1
	check 1 WARNING -w 50 -c 80
	make 2
	check 1 WARNING --warning=50 --critical 80
	check 0 OK
	make 1
	check 2 CRITICAL -w 50 -c 80
	check 1 WARNING
	make 1
	check 2 CRITICAL
	check 0 OK -w 100 -c 100
	check 2 CRITICAL -w 0 -c 0
	# One of them alone moves the default of the other out of its way.
	check 2 CRITICAL -c 70
	check 0 OK -w 100
}

@test "check: pages as well, and the worse of the two counts" {
	echo 10 >"$sysctl/shmmni"
	echo 1000 >"$sysctl/shmall"
	make 1 $((950 * page))
	check 2 CRITICAL
	check 1 WARNING -c 95
	make 8
	check 2 CRITICAL -w 80 -c 85
}

@test "check: a segment as large as shmmax is no trouble" {
	echo "$page" >"$sysctl/shmmax"
	make 1 "$page"
	check 0 OK
}

@test "check: one line with the performance data of the guidelines" {
	echo 10 >"$sysctl/shmmni"
	echo 18446744073709551615 >"$sysctl/shmall"
	echo 18446744073709551615 >"$sysctl/shmmax"
	make 3 5
	run --separate-stderr shmtool limits --check -w 33 -c 66
	[ "$output" = "SHM OK - 3 of 10 segments (30.0%), 3 of \
18446744073709551615 pages (0.0%) | segments=3;3;6;0;10 \
pages=3;6087425544324152032;12174851088648304065;0;18446744073709551615 \
largest=5B;;;0;18446744073709551615" ]
}

@test "check: what cannot be known is 3, on stdout" {
	needs_mounts
	run --separate-stderr apart \
		'mount --bind /dev/null /proc/sys/kernel/shmmni
		exec shmtool limits --check'
	[ "$status" -eq 3 ]
	[[ $output == "SHM UNKNOWN - /proc/sys/kernel/shmmni: "* ]]
	run bash -c 'shmtool limits --check >/dev/full'
	[ "$status" -eq 3 ]
}

@test "check: a wrong command line is 3 too, for 2 would be critical" {
	local -a wrong=(
		"-w" "-w 101" "-w -1" "-w x" "-c 1.5" "-w 90 -c 80" "--usage"
		"--json" "-n" "-l" "0" "--nonsense"
	)
	for line in "${wrong[@]}"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool limits --check $line
		[ "$status" -eq 3 ] || { echo "$status: $line"; return 1; }
		message_has "shmtool: limits:"
		# shellcheck disable=SC2086
		run --separate-stderr shmtool limits $line --check
		[ "$status" -eq 3 ] || { echo "$status: $line"; return 1; }
	done
}

# The value of a metric, with its labels, in the file metrics.
metric() {
	awk -v name="$1" '$1 == name { print $2 }' metrics
}

valid_metrics() {
	command -v promtool >/dev/null || {
		echo "# not checked by promtool, which is not here" >&3
		return 0
	}
	promtool check metrics
}

@test "prometheus: figures that promtool takes" {
	echo 10 >"$sysctl/shmmni"
	echo 18446744073709551615 >"$sysctl/shmall"
	make 3 5000
	id=$(perl -e 'print shmget(0, 1, 0600)')
	hold "$id"
	hold "$id"
	ipcrm -m "$id"
	shmtool limits --prometheus >metrics
	valid_metrics <metrics
	[ "$(metric shm_segments)" -eq 4 ]
	[ "$(metric shm_allocated_bytes)" -eq \
		$(((3 * ((5000 + page - 1) / page) + 1) * page)) ]
	[ "$(metric shm_largest_segment_bytes)" -eq 5000 ]
	[ "$(metric shm_resident_bytes)" -eq 0 ]
	[ "$(metric shm_swapped_bytes)" -eq 0 ]
	[ "$(metric shm_attachments)" -eq 2 ]
	[ "$(metric shm_unattached_segments)" -eq 3 ]
	[ "$(metric shm_dest_segments)" -eq 1 ]
	[ "$(metric shm_stale_segments)" -eq 0 ]
	[ "$(metric shm_limit_segments)" -eq 10 ]
	[ "$(metric shm_limit_segment_bytes)" = 18446744073692774399 ]
	[ "$page" -ne 4096 ] || [ "$(metric shm_limit_allocated_bytes)" = \
		75557863725914323415040 ]
	[ "$(grep -c '^# TYPE .* gauge$' metrics)" -eq 12 ]
}

@test "prometheus: resident memory is told, or left out where unknown" {
	needs_mounts
	perl -e '$i = shmget(0, 40960, 0600); shmwrite($i, "x" x 40960, 0, 40960)'
	shmtool limits --prometheus >metrics
	[ "$(metric shm_resident_bytes)" -ge 40960 ]
	apart 'mount -t tmpfs none /proc/sysvipc
		shmtool limits --prometheus' >metrics
	valid_metrics <metrics
	[ "$(metric shm_segments)" -eq 1 ]
	run ! grep -E '^shm_(resident|swapped)' metrics
}

# An hour must pass before a segment can be stale.
@test "prometheus: stale segments are counted" {
	make_later
	make 3
	id=$(perl -e 'print shmget(0, 1, 0600)')
	hold "$id"
	later shmtool limits --prometheus >metrics
	[ "$(metric shm_stale_segments)" -eq 3 ]
	[ "$(metric shm_unattached_segments)" -eq 3 ]
}

@test "prometheus: --all-ns has a label for each namespace" {
	local ours theirs
	make 2
	unshare --ipc bash -c 'ipcmk -M 4096 >/dev/null
		echo 7 >/proc/sys/kernel/shmmni
		readlink /proc/self/ns/ipc >there; exec sleep 60' 3>&- &
	holders+=("$!")
	wait_for test -s there
	ours=$(readlink /proc/self/ns/ipc | tr -dc 0-9)
	theirs=$(tr -dc 0-9 <there)
	shmtool limits --prometheus --all-ns >metrics
	valid_metrics <metrics
	[ "$(metric "shm_segments{ipc_namespace=\"$ours\"}")" -eq 2 ]
	[ "$(metric "shm_segments{ipc_namespace=\"$theirs\"}")" -eq 1 ]
	[ "$(metric "shm_limit_segments{ipc_namespace=\"$theirs\"}")" -eq 7 ]
	[ "$(metric "shm_limit_segments{ipc_namespace=\"$ours\"}")" -eq 4096 ]
	grep -Eqx 'shm_hidden_namespaces [0-9]+' metrics
	grep -Eqx 'shm_hidden_processes [0-9]+' metrics
	[ "$(grep -c '^# TYPE shm_segments gauge$' metrics)" -eq 1 ]
}

@test "prometheus: --all-ns counts what it may not look into" {
	needs_root
	unshare --ipc bash -c 'readlink /proc/self/ns/ipc >there
		exec setpriv --reuid=65534 --regid=65534 --clear-groups \
			sleep 60' 3>&- &
	holders+=("$!")
	wait_for test -s there
	wait_for grep -q '^Uid:.65534' "/proc/$!/status"
	without_privilege shmtool limits --prometheus --all-ns >metrics
	valid_metrics <metrics
	# One of a process like us can be seen, and not be entered.
	[ "$(metric shm_hidden_namespaces)" -ge 1 ]
	[ "$(metric shm_hidden_processes)" -ge 1 ]
	run grep "$(tr -dc 0-9 <there)" metrics
	[ "$status" -eq 1 ]
	grep -q "ipc_namespace=\"$(readlink /proc/self/ns/ipc | tr -dc 0-9)\"" \
		metrics
}

@test "prometheus: --all-ns without /proc is an error" {
	is_plain || skip "an instrumented program needs /proc itself"
	needs_mounts
	run --separate-stderr apart 'mount -t tmpfs none /proc
		exec shmtool limits --prometheus --all-ns'
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "limits: IPC namespaces:"
}

# advice RAM PROFILE SHMMAX SHMALL
advice() {
	local text
	text=$(shmtool limits "--advise=$2" --ram "$1")
	echo "$*: $text"
	grep -qx "kernel.shmmax = $3" <<<"$text"
	grep -qx "kernel.shmall = $(($4 * 4096 / page))" <<<"$text"
}

@test "advise: the figures for 8, 32 and 128 GB" {
	local profile
	for profile in general postgresql; do
		advice 8G $profile 4294967296 1048576
		advice 32G $profile 17179869184 4194304
		advice 128G $profile 68719476736 16777216
	done
	advice 8G analytics 6442450944 1572864
	advice 32G analytics 25769803776 6291456
	advice 128G analytics 103079215104 25165824
	advice 8G db2 8589934592 2097152
	is_32_bit || advice 512M db2 1073741824 262144
	cmp <(shmtool limits --advise --ram 8G) \
		<(shmtool limits --advise=general --ram 8589934592)
}

@test "advise: db2 has rules for messages and semaphores" {
	echo "200 100 10 3" >"$sysctl/sem"
	shmtool limits --advise=db2 --ram 8G >text
	grep -qx "kernel.sem = 250 256000 32 1024" text
	grep -qx "kernel.msgmax = 65536" text
	grep -qx "kernel.msgmnb = 65536" text
	echo "300 600000 500 2000" >"$sysctl/sem"
	echo 70000 >"$sysctl/msgmax"
	shmtool limits --advise=db2 --ram 8G >text
	grep -qx "kernel.sem = 300 600000 500 2000" text
	grep -qx "kernel.msgmax = 70000" text
	echo "32000 1024000000 500 32000" >"$sysctl/sem"
	echo 8192 >"$sysctl/msgmax"
}

@test "advise: half of this machine's memory by default" {
	local kb
	kb=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
	[ "$(shmtool limits --advise | awk '/^kernel.shmmax/ { print $3 }')" \
		-eq $((kb * 1024 / 2 / page * page)) ]
}

@test "advise: says when nothing needs raising, and when something does" {
	shmtool limits --advise --ram 8G >text
	grep -q "Nothing needs raising" text
	grep -q "higher already" text
	echo 4294967295 >"$sysctl/shmmax"
	shmtool limits --advise --ram 8G >text
	run ! grep "Nothing needs raising" text
	grep -q "now 4294967295, to be raised" text
	echo 4294967296 >"$sysctl/shmmax"
	shmtool limits --advise --ram 8G | grep -q "as it should be"
}

@test "advise: says when lowering would break what runs" {
	perl -e 'defined shmget(0, 600 << 20, 0600 | 010000) or die "$!\n"'
	shmtool limits --advise --ram 1G >text
	grep -q "a segment has 629145600 bytes.*would break" text
	grep -qx "#kernel.shmmax = 536870912" text
	grep -qx "#kernel.shmall = $((536870912 / page))" text
	shmtool limits --advise --ram 1G --json |
		grep -q '"shmmax".*"verdict": "would-break"'
	shmtool limits --advise --ram 2G >text
	grep -qx "kernel.shmmax = 1073741824" text
}

@test "advise: the lines go back through sysctl -p" {
	local profile sysctl_bin
	sysctl_bin=$(PATH=$PATH:/usr/sbin:/sbin command -v sysctl) ||
		skip "no sysctl"
	for profile in general db2; do
		shmtool limits --advise=$profile --ram 8G >advice.conf
		"$sysctl_bin" -q -p advice.conf
	done
	[ "$(limit shmmax)" -eq 8589934592 ]
	[ "$(limit shmall)" -eq $((8589934592 / page)) ]
	[ "$(limit msgmax)" -eq 65536 ]
	shmtool limits --advise=db2 --ram 8G | grep -q "Nothing needs raising"
	echo 8192 >"$sysctl/msgmax"
	echo 16384 >"$sysctl/msgmnb"
}

@test "advise: --json carries name, current, recommended and reason" {
	shmtool limits --advise=db2 --ram 32G --json | perl -MJSON::PP -e '
		local $/; my $a = decode_json(<STDIN>)->{advice};
		@$a == 8 or die;
		for (@$a) {
			/\S/ or die for @$_{qw(name current recommended reason)}
		}
		$a->[0]{name} eq "shmmax" && $a->[0]{recommended} ==
		    34359738368 && "$a->[0]{current}" eq "18446744073692774399"
		    or die;'
}

@test "set: old and new, in the kernel, and how to keep it" {
	run --separate-stderr shmtool limits --set shmmni=8192
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "shmmni: 4096 -> 8192" ]
	[[ ${lines[1]} == *"shmtool limits --persist --set shmmni=8192" ]]
	[ "${#lines[@]}" -eq 2 ]
	[ -z "$stderr" ]
	[ "$(limit shmmni)" -eq 8192 ]
}

@test "set: several, as options and as operands, sizes and pages" {
	shmtool limits --set shmmax=16G shmall=1000 --set shmmni=5
	[ "$(limit shmmax) $(limit shmall) $(limit shmmni)" = \
		"17179869184 1000 5" ]
	shmtool limits --set shmall=1G
	[ "$(limit shmall)" -eq $((1073741824 / page)) ]
	shmtool limits --set shmall=1.00001K shm_rmid_forced=1
	[ "$(limit shmall)" -eq 1 ]
	[ "$(limit shm_rmid_forced)" -eq 1 ]
	shmtool limits --set shmmax=18446744073709551615 \
		shmall=18446744073709551615 shmmni=0 shm_rmid_forced=0
	[ "$(limit shmmax) $(limit shmall) $(limit shmmni)" = \
		"18446744073709551615 18446744073709551615 0" ]
}

@test "set: -n shows and changes nothing" {
	run --separate-stderr shmtool limits -n --set shmmni=8192 --persist=f
	[ "$status" -eq 0 ]
	[ "$output" = "shmmni: 4096 -> 8192
f: kernel.shmmni = 8192
nothing was changed (--dry-run)" ]
	[ "$(limit shmmni)" -eq 4096 ]
	[ ! -e f ]
	run --separate-stderr shmtool limits --set shmmni=40000 --dry-run
	[ "$status" -eq 0 ]
	message_has "shmmni" "32768" "ipcmni_extend"
}

@test "set: a refused value is explained, and those before are set back" {
	run --separate-stderr shmtool limits --set shmmax=1G shmall=5 \
		shmmni=16777217
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == *"shmmni: 16777217: the kernel counts no more than \
32768 segments"* ]]
	[[ $stderr == *"shmmax: is 18446744073692774399 again"* ]]
	[[ $stderr == *"shmall: is 18446744073692774399 again"* ]]
	[ "$(limit shmmax) $(limit shmall) $(limit shmmni)" = \
		"18446744073692774399 18446744073692774399 4096" ]
}

@test "set: what was not changed is not set back" {
	run --separate-stderr shmtool limits --set \
		shmmax=18446744073692774399 shmall=5 shmmni=16777217
	[ "$status" -eq 1 ]
	[[ $stderr == *"shmall: is 18446744073692774399 again"* ]]
	[[ $stderr != *shmmax* ]]
}

@test "set: a value that the kernel does not keep is an error" {
	needs_mounts
	echo 5 >file
	run --separate-stderr apart 'mount --bind /dev/null \
			/proc/sys/kernel/shmall
		exec shmtool limits --set shmmni=9 shmall=7'
	[ "$status" -eq 1 ]
	# /dev/null takes all and holds no number.
	[[ $stderr == *"shmall: "* ]]
	[ "$(limit shmmni)" -eq 4096 ]
}

@test "set: warns where more is in use, and takes nothing away" {
	make 3 $((4 * page))
	run --separate-stderr shmtool limits --set shmmni=2
	[ "$status" -eq 0 ]
	message_has "shmmni: 3 segments exist, more than 2"
	run --separate-stderr shmtool limits --set shmall=11
	[ "$status" -eq 0 ]
	message_has "shmall: 12 pages are in use, more than 11"
	run --separate-stderr shmtool limits --set shmmax=$((4 * page - 1))
	[ "$status" -eq 0 ]
	message_has "shmmax: a segment of $((4 * page)) bytes exists"
	[ "$(segments)" -eq 3 ]
	run --separate-stderr shmtool limits --set shmmni=3 shmall=12 \
		shmmax=$((4 * page))
	[ -z "$stderr" ]
}

@test "set: shm_rmid_forced says what it removes" {
	make 3
	id=$(perl -e 'print shmget(0, 1, 0600)')
	hold "$id"
	run --separate-stderr shmtool limits --set shm_rmid_forced=1 -n
	message_has "removes 3 unattached segments at once"
	[ "$(segments)" -eq 4 ]
	run --separate-stderr shmtool limits --set shm_rmid_forced=1
	[ "$status" -eq 0 ]
	message_has "removes 3 unattached segments at once"
	[ "$(segments)" -eq 1 ]
}

@test "set: shm_rmid_forced where it cannot be known what it removes" {
	needs_mounts
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	# Of the calls the fourth begins to look for them, with one segment.
	run --separate-stderr timeout 60 unshare -m --ipc bash -euc '
		mount -t tmpfs none /proc/sysvipc
		shmtool create -s 1
		exec strace -qq -o calls -e trace=shmctl \
			-e inject=shmctl:error=EPERM:when=4+ \
			shmtool limits --set shm_rmid_forced=1 -n'
	grep -q INJECTED calls || skip "strace cannot inject here"
	[ "$status" -eq 0 ]
	message_has "shm_rmid_forced: removes unattached segments whose" \
		"how many cannot be known: Operation not permitted"
	[[ $output == *"shm_rmid_forced: 0 -> 1"* ]]
}

@test "set: an ordinary user is told who may, and that is 4" {
	needs_root
	run --separate-stderr without_privilege shmtool limits \
		--set shmmni=8192
	[ "$status" -eq 4 ]
	message_has "limits: shmmni: Permission denied" \
		"sudo shmtool limits --set shmmni=8192"
	[ "$(limit shmmni)" -eq 4096 ]
	run without_privilege shmtool limits --set shmmni=8192 -n
	[ "$status" -eq 0 ]
}

@test "set: no right to the second sets the first back, and is 4" {
	needs_mounts
	echo 5 >file
	chmod 0444 file
	run --separate-stderr apart "$(declare -f without_privilege)"'
		mount --bind "$0" /proc/sys/kernel/shmall
		exec setpriv --bounding-set=-all --inh-caps=-all \
			shmtool limits --set shmmni=9 shmall=7' "$PWD/file"
	[ "$status" -eq 4 ]
	[[ $stderr == *"shmall: Permission denied"* ]]
	[[ $stderr == *"shmmni: is 4096 again"* ]]
	[ "$(limit shmmni)" -eq 4096 ]
}

@test "set: a read-only /proc/sys is told as such" {
	needs_mounts
	run --separate-stderr apart 'mount --bind /proc/sys /proc/sys
		mount -o remount,bind,ro /proc/sys
		exec shmtool limits --set shmmni=9'
	[ "$status" -eq 1 ]
	message_has "shmmni: /proc/sys is mounted read-only"
}

@test "set: options that stand alone name the action they are for" {
	run --separate-stderr shmtool limits -n
	message_has "--dry-run: only with --set"
	run --separate-stderr shmtool limits --tsv
	message_has "--tsv: only with --usage"
	run --separate-stderr shmtool limits --usage --ram 8G
	message_has "--ram: not with --usage"
	run --separate-stderr shmtool limits --usage --check
	[ "$status" -eq 3 ]
	message_has "either --usage or --check"
	[[ $output == "SHM UNKNOWN - "* ]]
}

@test "set: a wrong command line is 2 and changes nothing" {
	local -a wrong=(
		"--set" "--set shmmax" "--set =5" "--set shmmax=" "--set x=1"
		"--set shmmax=1x" "--set shmmax=-1" "--set shmmax=16E"
		"--set shmall=1.5" "--set shmall=18446744073709551616"
		"--set shmmni=1K" "--set shmmni=-1" "--set shmmni=2147483648"
		"--set shm_rmid_forced=2" "--set shm_rmid_forced=yes"
		"--set kernel.msgmax=1" "--set sem=1" "--set shmmaxx=1"
		"--set shmmni=1 --set shmmni=2" "--set shmmni=1 shmmni=1"
		"--set shmmni=1 x" "--set shmmni=1 --json" "shmmni=1"
		"--set shmmni=1 --usage" "--set shmmni=1 -l" "--persist=f -n"
		"--set shmmni=1 --persist=" "--advise=huge" "--advise general"
		"--advise --ram" "--advise --ram 1K" "--advise --ram 8x"
		"--advise --tsv" "--advise -b" "--usage --tsv --json"
		"--usage --human" "--usage --prometheus" "--prometheus --json"
		"--usage -w 5" "--prometheus -m"
	)
	for line in "${wrong[@]}"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool limits $line
		[ "$status" -eq 2 ] || { echo "$status: $line"; return 1; }
		message_has "shmtool: limits:"
		[ -z "$output" ]
	done
	[ "$(limit shmmax) $(limit shmmni)" = "18446744073692774399 4096" ]
	[ ! -e f ]
}

@test "persist: a new file, and one whose other lines stay" {
	run --separate-stderr shmtool limits --set shmmni=7 --persist=new.conf
	[ "$status" -eq 0 ]
	[ "$output" = "shmmni: 4096 -> 7
new.conf: kernel.shmmni = 7" ]
	[ "$(cat new.conf)" = "kernel.shmmni = 7" ]
	[ "$(stat -c %a new.conf)" = 644 ]
	printf '# ours\nkernel/shmmni=5\nvm.swappiness = 1' >old.conf
	chmod 600 old.conf
	shmtool limits --persist="$PWD/old.conf" --set shmmni=8 shmall=9
	[ "$(cat old.conf)" = "# ours
kernel.shmmni = 8
vm.swappiness = 1
kernel.shmall = 9" ]
	[ "$(stat -c %a old.conf)" = 600 ]
	# Nothing is left beside them.
	[ -z "$(find . -name '.shmtool*')" ]
}

@test "persist: no set-user-id bit is handed on" {
	echo "x = 1" >bits.conf
	chmod 4755 bits.conf
	shmtool limits --set shmmni=7 --persist=bits.conf
	[ "$(stat -c %a bits.conf)" = 755 ]
}

@test "persist: where folders cannot be written out" {
	local cc=${CC:-cc}
	command -v "$cc" >/dev/null || skip "no C compiler for another fsync"
	cat >nosync.c <<-TXT
	#include <errno.h>
	#include <sys/stat.h>
	int fsync(int fd)
	{
		struct stat st;
		if (fstat(fd, &st) == -1 || !S_ISDIR(st.st_mode))
			return 0;
		errno = EINVAL;
		return -1;
	}
	TXT
	"$cc" -shared -fPIC -o nosync.so nosync.c
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 LD_PRELOAD=$PWD/nosync.so \
		shmtool limits --set shmmni=7 --persist=nosync.conf
	[ "$(cat nosync.conf)" = "kernel.shmmni = 7" ]
	[ "$(limit shmmni)" -eq 7 ]
}

@test "persist: into sysctl.d by default" {
	needs_mounts
	[ -d /etc/sysctl.d ] || skip "no /etc/sysctl.d"
	apart 'mount -t tmpfs none /etc/sysctl.d
		shmtool limits --set shmmni=7 --persist
		cat /etc/sysctl.d/90-shmtool.conf' >text
	[ "$(tail -n 1 text)" = "kernel.shmmni = 7" ]
	grep -qx "/etc/sysctl.d/90-shmtool.conf: kernel.shmmni = 7" text
}

# refused FILE WORD: it fails, and the limit is as it was.
refused() {
	run --separate-stderr shmtool limits --set shmmni=7 --persist="$1"
	[ "$status" -eq "${3:-1}" ]
	[ -z "$output" ]
	[[ $stderr == *"limits: $1: $2"* ]] || { echo "$stderr"; return 1; }
	[[ $stderr == *"shmmni: is 4096 again"* ]]
	[ "$(limit shmmni)" -eq 4096 ]
}

@test "persist: never through a symbolic link, and only a regular file" {
	echo "x = 1" >target
	ln -s target link
	ln -s nowhere dangling
	mkfifo fifo
	refused link "a symbolic link"
	refused dangling "a symbolic link"
	[ "$(cat target)" = "x = 1" ]
	[ ! -e nowhere ]
	refused fifo "not a regular file"
	refused . "Is a directory"
	refused none/file "No such file or directory"
	[ -L link ]
}

@test "persist: no right to the folder is 4" {
	needs_root
	mkdir -m 0555 folder
	chmod 755 .
	run --separate-stderr setpriv --bounding-set=-all --inh-caps=-all \
		shmtool limits --set shmmni=7 --persist=folder/f
	[ "$status" -eq 4 ]
	[[ $stderr == *"folder/f: Permission denied"* ]]
	[ "$(limit shmmni)" -eq 4096 ]
}

@test "persist: a full disk keeps the old file and leaves nothing beside" {
	needs_mounts
	mkdir full
	run --separate-stderr apart 'mount -t tmpfs -o size=8k none full
		echo "kernel.shmmni = 5" >full/f
		cat /dev/zero >full/rest 2>/dev/null || true
		shmtool limits --set shmmni=7 --persist=full/f || echo "exit $?"
		cat full/f; ls -A full'
	[ "$output" = "exit 1
kernel.shmmni = 5
f
rest" ]
	[[ $stderr == *"full/f: No space left on device"* ]]
	[ "$(limit shmmni)" -eq 4096 ]
}

@test "limits: --set takes the name as sysctl has it" {
	run --separate-stderr shmtool limits -n --set kernel.shmmni=77
	[ "$status" -eq 0 ]
	[[ $output == *"shmmni: "*" -> 77"* ]]
	run --separate-stderr shmtool limits -n --set kernel.shmfoo=77
	[ "$status" -eq 2 ]
	message_has "--set: kernel.shmfoo=77: not NAME=VALUE"
	run --separate-stderr shmtool limits -n --set shmmni=7 kernel.shmmni=8
	[ "$status" -eq 2 ]
	message_has "kernel.shmmni=8: given twice"
}

@test "limits: a profile in a word of its own is told of" {
	run --separate-stderr shmtool limits --advise postgresql
	[ "$status" -eq 2 ]
	message_has "postgresql: limits takes no operand" "--advise=postgresql"
}

@test "hidden: --check and --prometheus without /proc/sys ask the kernel" {
	! is_32_bit || skip "system calls tell it limits of 32 bits"
	needs_mounts
	make 3 5000
	shmtool limits --check >check
	shmtool limits --prometheus >metrics
	apart 'mount -t tmpfs none /proc/sys
		shmtool limits --check | cmp - check
		shmtool limits --prometheus | cmp - metrics'
}

@test "hidden: what can only be read of /proc is an error without it" {
	needs_mounts
	run --separate-stderr apart 'mount -t tmpfs none /proc/sys
		exec shmtool limits --set shmmni=9'
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "limits: shmmni:"
	[ "$(limit shmmni)" -eq 4096 ]
	run --separate-stderr apart 'mount -t tmpfs none /proc/sys
		exec shmtool limits --set shmmni=9 --persist="$0"' "$PWD/kept"
	[ "$status" -eq 1 ]
	[ ! -e kept ]
	run --separate-stderr apart 'mount --bind /dev/null /proc/meminfo
		exec shmtool limits --advise'
	[ "$status" -eq 1 ] || [[ $output == *kernel.shmmax* ]]
	[[ $output != *"kernel.shmmax = 0"* ]]
}

@test "persist: a reader sees the old file or the new one" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "an instrumented program makes other calls"
	echo "kernel.shmmni = 5" >f
	strace -f -qq -e trace=rename,renameat,renameat2,open,openat,fsync \
		-o calls shmtool limits --set shmmni=7 --persist=f ||
		skip "strace does not work here"
	# It is never opened for writing, and another file takes its name.
	run ! grep -E 'open(at)?\(.*"f", [^)]*O_(WRONLY|RDWR)' calls
	grep -Eq 'rename(at2?)?\(.*"f"' calls
	[ "$(grep -nE 'fsync|rename' calls | sed 's/.*\(fsync\|rename\).*/\1/' |
		head -n 2 | xargs)" = "fsync rename" ]
}
