# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# limits --usage, --check and --prometheus.

load actions

@test "usage: each limit and what is used of it, in three forms" {
	needs_mounts
	echo 4 >"$sysctl/shmmni"
	echo 100 >"$sysctl/shmall"
	echo $((4 * page)) >"$sysctl/shmmax"
	make 2 1
	make 1 $((2 * page))
	run --separate-stderr with_dev_shm size=1M,nr_inodes=100 sh -c '
		head -c 300000 /dev/zero >/dev/shm/file
		shmtool limits --usage --tsv'
	[ "$status" -eq 0 ]
	[ "$output" = "NAME	LIMIT	USED	PERCENT	UNIT
shmmni	4	3	75.0	segments
shmall	100	4	4.0	pages
shmmax	$((4 * page))	$((2 * page))	50.0	bytes
dev_shm_size	1048576	303104	28.9	bytes
dev_shm_inodes	100	2	2.0	inodes" ]
	[ "$(shmtool limits --usage | awk 'NR == 2 { print $1, $2, $3, $4 }')" \
		= "shmmni 4 3 75.0" ]
	[ "$(shmtool limits --usage -b | awk 'NR == 4 { print $2 }')" = \
		$((4 * page)) ]
	with_dev_shm size=1M,nr_inodes=100 shmtool limits --usage --json |
		jq -e --argjson page "$page" '.usage == [
		{name: "shmmni", limit: 4, used: 3, percent: 75.0,
			unit: "segments"},
		{name: "shmall", limit: 100, used: 4, percent: 4.0,
			unit: "pages"},
		{name: "shmmax", limit: (4 * $page), used: (2 * $page),
			percent: 50.0, unit: "bytes"},
		{name: "dev_shm_size", limit: 1048576, used: 0, percent: 0.0,
			unit: "bytes"},
		{name: "dev_shm_inodes", limit: 100, used: 1, percent: 1.0,
			unit: "inodes"}]'
}

@test "usage: no limit, and a /dev/shm that has none or is no tmpfs" {
	needs_mounts
	run --separate-stderr with_dev_shm size=0,nr_inodes=0 \
		shmtool limits --usage
	[ "$(awk 'NR > 2 { print $1, $2, $3, $4, $5 }' <<<"$output")" = \
"shmall no limit 0 0.0
shmmax no limit 0 0.0
dev_shm_size no limit - -
dev_shm_inodes no limit - -" ]
	with_dev_shm size=0,nr_inodes=0 shmtool limits --usage --json |
		jq -e '.usage[3] | .limit == null and .used == null and
			.percent == null'
	with_dev_shm size=0,nr_inodes=0 shmtool limits --usage --tsv |
		grep -qx 'shmall	18446744073692774399	0	0.0	pages'
	run --separate-stderr apart 'mount --rbind /proc /dev/shm
		shmtool limits --usage --tsv'
	[ "$status" -eq 0 ]
	[[ $output != *dev_shm* ]]
}

@test "usage: in another IPC namespace, nothing of this one's /dev/shm" {
	unshare --ipc sleep 1000 3>&- &
	holders+=("$!")
	not_ours() {
		[ "$(readlink "/proc/$!/ns/ipc")" != \
			"$(readlink /proc/self/ns/ipc)" ]
	}
	wait_for not_ours
	run --separate-stderr shmtool --ns "$!" limits --usage --tsv
	[ "$status" -eq 0 ]
	[[ $output != *dev_shm* ]]
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
	run --separate-stderr with_dev_shm size=50% shmtool limits --check "$@"
	if [ "$status" -ne "$expected" ] ||
		[[ $output != "SHM $word - "* ]]; then
		echo "$status: $output$stderr"
		return 1
	fi
}

@test "check: OK, WARNING and CRITICAL of segments, from above a threshold" {
	needs_mounts
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
	needs_mounts
	echo 10 >"$sysctl/shmmni"
	echo 1000 >"$sysctl/shmall"
	make 1 $((950 * page))
	check 2 CRITICAL
	check 1 WARNING -c 95
	make 8
	check 2 CRITICAL -w 80 -c 85
}

@test "check: a segment as large as shmmax is no trouble" {
	needs_mounts
	echo "$page" >"$sysctl/shmmax"
	make 1 "$page"
	check 0 OK
}

@test "check: one line with the performance data of the guidelines" {
	needs_mounts
	echo 10 >"$sysctl/shmmni"
	echo 9223372036854775807 >"$sysctl/shmmax"
	echo 2251799813685247 >"$sysctl/shmall"
	make 3 5
	run --separate-stderr with_dev_shm size=1M,nr_inodes=100 sh -c '
		head -c 300000 /dev/zero >/dev/shm/file
		shmtool limits --check -w 33 -c 66'
	[ "$status" -eq 0 ]
	[ "$output" = "SHM OK - 3 of 10 segments (30.0%), 3 of \
2251799813685247 pages (0.0%), /dev/shm 296K of 1.0M (28.9%), /dev/shm 2 of \
100 inodes (2.0%) | segments=3;3;6;0;10 \
pages=3;743093938516131;1486187877032263;0;2251799813685247 \
largest=5B;;;0;9223372036854775807 dev_shm=303104B;346030;692060;0;1048576 \
dev_shm_inodes=2;33;66;0;100" ]
}

@test "check: no limit where there is practically none" {
	needs_mounts
	run --separate-stderr with_dev_shm size=0,nr_inodes=0 \
		shmtool limits --check
	[ "$output" = "SHM OK - 0 of 4096 segments (0.0%), 0 pages (no limit), \
/dev/shm (no limit), /dev/shm inodes (no limit) | segments=0;3276;3686;0;4096 \
pages=0;;;0; largest=0B;;;0;" ]
	make 1 1
	[[ $(shmtool limits --check || true) == *", 1 page (no limit), "* ]]
}

@test "check: size and inodes of /dev/shm count as well" {
	needs_mounts
	run --separate-stderr with_dev_shm size=1M sh -c '
		head -c 900000 /dev/zero >/dev/shm/file
		shmtool limits --check'
	[ "$status" -eq 1 ]
	[[ $output == "SHM WARNING - "*"/dev/shm 880K of 1.0M (85.9%)"* ]]
	run --separate-stderr with_dev_shm size=1M sh -c '
		head -c 1000000 /dev/zero >/dev/shm/file
		shmtool limits --check'
	[ "$status" -eq 2 ]
	run --separate-stderr with_dev_shm nr_inodes=4 sh -c '
		: >/dev/shm/1; : >/dev/shm/2; : >/dev/shm/3
		shmtool limits --check'
	[ "$status" -eq 2 ]
	[[ $output == *"/dev/shm 4 of 4 inodes (100.0%)"* ]]
}

@test "check: the memory cgroup counts, but not what gives way in it" {
	make_group 64
	in_group shmtool limits --usage --tsv >usage
	grep -q '^memory_cgroup	67108864	' usage
	in_group shmtool limits --prometheus >metrics
	valid_metrics <metrics
	[ "$(metric shm_limit_memory_cgroup_bytes)" -eq 67108864 ]
	[ "$(metric shm_memory_cgroup_used_bytes)" -lt 20000000 ]
	run in_group perl -e 'open my $f, "<", "/dev/zero" or die;
		sysread($f, my $text, 59 << 20) == 59 << 20 or die;
		exit system(qw(shmtool limits --check)) >> 8'
	[ "$status" -eq 2 ]
	[[ $output == "SHM CRITICAL - "*", memory cgroup "*" of 64M (9"* ]]
	[[ $output == *" memory_cgroup="*"B;53687091;60397977;0;67108864" ]]
	[ "$(stat -f -c %T .)" != tmpfs ] || return 0
	# 50 MiB of page cache.
	in_group dd if=/dev/zero of=file bs=1M count=50 status=none
	in_group shmtool limits --prometheus >metrics
	rm file
	[ "$(metric shm_memory_cgroup_used_bytes)" -lt 30000000 ]
}

@test "usage: the memory cgroup has a limit above 2 GiB" {
	make_group 4096
	[ "$(in_group shmtool limits --usage --tsv | grep -c \
		'^memory_cgroup	4294967296	')" -eq 1 ]
}

@test "check: --max-stale warns above so many" {
	make_later
	make 3
	run --separate-stderr later shmtool limits --check --max-stale 3
	[[ $output == "SHM OK - "*", 3 stale | "*" stale=3;3;;0;" ]] ||
		[[ $output == *", 3 stale | "* ]]
	run --separate-stderr later shmtool limits --check --max-stale 2
	[ "$status" -ge 1 ]
	[[ $output != "SHM OK"* ]]
	[[ $output == *", 3 stale | "*" stale=3;2;;0;" ]]
	# Just made, they are not.
	run --separate-stderr shmtool limits --check --max-stale 0
	[[ $output == *", 0 stale | "* ]]
	[[ $(shmtool limits --check) != *stale* ]]
}

@test "check: a namespace that cannot be entered is 3, on stdout" {
	run --separate-stderr shmtool --ns /nonexistent limits --check
	[ "$status" -eq 3 ]
	[ "$output" = "SHM UNKNOWN - the namespace of --ns cannot be entered" ]
	message_has "limits: /nonexistent: "
	run --separate-stderr shmtool --ns /nonexistent limits --usage
	[ "$status" -eq 1 ]
	[ -z "$output" ]
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
		75557863725914323419136 ]
	[ "$(grep -c '^# TYPE shm_.* gauge$' metrics)" -ge 12 ]
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

@test "prometheus: /dev/shm, once and without a label" {
	needs_mounts
	with_dev_shm size=1M,nr_inodes=100 sh -c '
		head -c 300000 /dev/zero >/dev/shm/file
		shmtool limits --prometheus --all-ns' >metrics
	valid_metrics <metrics
	[ "$(metric shm_dev_shm_used_bytes)" -eq 303104 ]
	[ "$(metric shm_limit_dev_shm_bytes)" -eq 1048576 ]
	[ "$(metric shm_dev_shm_used_inodes)" -eq 2 ]
	[ "$(metric shm_limit_dev_shm_inodes)" -eq 100 ]
	with_dev_shm size=0,nr_inodes=0 shmtool limits --prometheus >metrics
	valid_metrics <metrics
	run ! grep dev_shm metrics
}

@test "prometheus: sums by kind and owner, with any name" {
	needs_own_shm
	clear_shm
	local name uid
	uid=$(id -u)
	make 3 5000
	head -c 5000 /dev/zero >/dev/shm/x
	shmtool limits --prometheus >metrics
	valid_metrics <metrics
	name="owner=\"$(id -un)\",uid=\"$uid\""
	[ "$(metric "shm_owner_objects{kind=\"sysv\",$name}")" -eq 3 ]
	[ "$(metric "shm_owner_bytes{kind=\"sysv\",$name}")" -eq 15000 ]
	[ "$(metric "shm_owner_resident_bytes{kind=\"sysv\",$name}")" -eq 0 ]
	[ "$(metric "shm_owner_objects{kind=\"posix\",$name}")" -eq 1 ]
	[ "$(metric "shm_owner_resident_bytes{kind=\"posix\",$name}")" -eq 8192 ]
	printf 'a"b\\c:x:%s:0::/:/bin/sh\n' "$uid" >passwd
	apart 'mount --bind passwd /etc/passwd
		shmtool limits --prometheus --all-ns' >metrics
	valid_metrics <metrics
	grep -Fq "kind=\"posix\",owner=\"a\\\"b\\\\c\",uid=\"$uid\"} 1" metrics
	grep -Eq "^shm_owner_bytes.*uid=\"$uid\",ipc_namespace=\"[0-9]+\"} 15000" \
		metrics
}

# Between two looks at the segments one may be made or removed.
@test "prometheus: all figures are of one list of segments" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	make 3
	strace -qq -o calls -e trace=openat,shmctl shmtool limits --prometheus \
		>metrics
	[ "$(grep -c 'sysvipc/shm' calls)" -eq 1 ]
	run ! grep SHM_INFO calls
	[ "$(metric shm_segments)" -eq 3 ]
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
