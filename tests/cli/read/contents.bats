# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031,SC2154
#
# What read and write do on terminals, when something happens meanwhile, with
# little memory, and with huge pages.

load ../common

file_setup() {
	cd "$BATS_FILE_TMPDIR" || return
}

test_teardown() {
	[ ! -e pool ] || cat pool >/proc/sys/vm/nr_hugepages
	rm -f pool
	[ -z "${sem:-}" ] || ipcrm -s "$sem"
}

# A semaphore, free or (0) taken.
make_semaphore() {
	sem=$(perl -MIPC::SysV=IPC_PRIVATE,SETVAL -e \
		'$s = semget(IPC_PRIVATE, 1, 0600);
		semctl($s, 0, SETVAL, shift) or die; print $s' "$1") ||
		skip "perl has no IPC::SysV"
}

# Runs a command line on a terminal of its own; what it shows is in screen.
on_terminal() {
	script -qec "$1" screen </dev/null >/dev/null
}

@test "read: on a terminal a dump, --raw the bytes" {
	needs_terminal
	id=$(shmtool create -s 16)
	shmtool write -zA "$id"
	on_terminal "shmtool read $id"
	grep -q '^00000000  41 41' screen
	on_terminal "shmtool read --raw $id"
	grep -qx 'A\{16\}.*' <(sed 1d screen)
	# -O - is standard output, and the same.
	shmtool write -s $'B\033[31m' "$id"
	on_terminal "shmtool read -O - $id; shmtool read -s -O - $id"
	grep -q '^00000000  42 1b' screen
	grep -qF 'B\^[[31m' screen
}

@test "read, write: progress on a terminal, and nothing beside it" {
	needs_terminal
	id=$(shmtool create -s 16M)
	# Slower than a second, or nothing is shown.
	on_terminal "(for i in 1 2 3 4 5 6 7 8; do
			head -c 2M /dev/zero; sleep 0.2; done) |
		shmtool write $id"
	grep -aqE '[0-9.]+M of 16M  [0-9]+%  .*/s  .* left' screen
	on_terminal "shmtool read $id | (for i in 1 2 3 4 5 6 7 8; do
		head -c 2M >/dev/null; sleep 0.2; done)"
	grep -aqE '[0-9.]+M of 16M  [0-9]+%  .*/s  .* left' screen
	run --separate-stderr bash -c "shmtool read $id |
		(head -c 2M; sleep 1.2; cat) >/dev/null"
	[ -z "$stderr" ]
}

@test "read: -w in colour on a terminal, not with NO_COLOR, not elsewhere" {
	local escape=$'\033[' watch i
	needs_terminal
	id=$(shmtool create -s 16)
	watch="TERM=xterm shmtool read -w $id"
	script -qefc "$watch" colour </dev/null >/dev/null 3>&- &
	script -qefc "NO_COLOR= $watch" empty </dev/null >/dev/null 3>&- &
	script -qefc "NO_COLOR=1 $watch" plain </dev/null >/dev/null 3>&- &
	script -qefc "TERM=dumb shmtool read -w $id" dumb \
		</dev/null >/dev/null 3>&- &
	shmtool read -w "$id" >log 2>/dev/null 3>&- &
	for i in colour empty plain dumb log; do
		wait_for grep -aq '^00000000' $i
	done
	shmtool write -s changed "$id"
	for i in colour empty plain dumb log; do
		wait_for bash -c "[ \$(grep -ac '^00000000' $i) -ge 2 ]"
	done
	ipcrm -m "$id"
	wait
	grep -aqF "$escape" colour
	grep -aqF "$escape" empty
	for i in plain dumb log; do
		run grep -aF "$escape" $i
		[ "$status" -eq 1 ]
		grep -aq '\^\^' $i
	done
}

@test "read: -O interrupted leaves what was there, and nothing beside" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	local signal calls='write,sendfile,?sendfile64'
	mkdir place
	id=$(shmtool create -s 8M)
	shmtool write -zA "$id"
	for signal in INT TERM HUP KILL; do
		echo old >place/file
		env --default-signal strace -qq -o trace \
			-e trace="openat,$calls" \
			-e inject="$calls:delay_enter=300000" \
			shmtool read -O place/file "$id" 2>err 3>&- &
		pid=$!
		wait_for grep -qE 'write|sendfile' trace
		pkill -"$signal" -P $pid
		status=0
		wait $pid || status=$?
		[ "$status" -ne 0 ]
		[ "$(cat place/file)" = old ]
		# A kill leaves nothing where files need no name.
		[ $signal != KILL ] || grep -q 'O_TMPFILE.* = [0-9]' trace ||
			continue
		rm trace
		[ "$(ls -A place)" = file ]
	done
}

@test "read, write: --lock-timeout is 5, and nothing is done" {
	id=$(shmtool create -s 100)
	make_semaphore 0
	run --separate-stderr shmtool write -zA --lock-with "$sem" \
		--lock-timeout 1 "$id"
	[ "$status" -eq 5 ]
	message_has "shmtool: write: $sem:"
	run --separate-stderr shmtool read --lock-with "$sem" \
		--lock-timeout 1 "$id"
	[ "$status" -eq 5 ]
	[ -z "$output" ]
	message_has "shmtool: read: $sem:"
	[ "$(shmtool read "$id" | tr -d '\0' | wc -c)" -eq 0 ]
	run --separate-stderr timeout 10 shmtool read -w --lock-with "$sem" \
		--lock-timeout 0 "$id"
	[ "$status" -eq 5 ]
	[ -z "$output" ]
	message_has "shmtool: read: $sem:"
}

@test "read: --lock-timeout at a semaphore that nobody ever took" {
	id=$(shmtool create -s 100)
	sem=$(perl -e 'print semget(0, 1, 0600)')
	run --separate-stderr shmtool read --lock-with "$sem" \
		--lock-timeout 0 "$id"
	[ "$status" -eq 5 ]
	[ "$stderr" = "shmtool: read: $sem: the semaphore was not free within \
0 s" ]
}

# Starts a command that has to wait for the semaphore, and sees it wait.
begin_waiting() {
	shmtool "$@" >out 2>err 3>&- &
	pid=$!
	wait_for perl -MIPC::SysV=GETNCNT -e \
		'exit !(semctl(shift, 0, GETNCNT, 0) > 0)' "$sem"
}

@test "write: stopped and continued it goes on waiting for the semaphore" {
	id=$(shmtool create -s 100)
	make_semaphore 0
	begin_waiting write -s late --lock-with "$sem" --lock-timeout 60 "$id"
	kill -STOP "$pid"
	wait_for grep -q '^State:.T' "/proc/$pid/status"
	kill -CONT "$pid"
	wait_for grep -q '^State:.S' "/proc/$pid/status"
	[ "$(shmtool read -s "$id")" = "" ]
	perl -MIPC::SysV=SETVAL -e 'semctl(shift, 0, SETVAL, 1) or die' "$sem"
	wait "$pid"
	[ ! -s err ]
	[ "$(shmtool read -s "$id")" = late ]
}

@test "read: -O ended by a signal while it waits for the semaphore says so" {
	id=$(shmtool create -s 100)
	make_semaphore 0
	echo old >file
	begin_waiting read -O file --lock-with "$sem" "$id"
	status=0
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	[ "$(cat err)" = "shmtool: read: $sem: interrupted while waiting for it" ]
	[ "$(cat file)" = old ]
	[ "$(echo file*)" = file ]
}

# Makes another segment of the key, and sets the semaphore free.
replace_and_free() {
	shmtool rm -f 0x77 2>/dev/null
	shmtool create -s 8 -k 0x77 >/dev/null
	shmtool write -s newer 0x77
	perl -MIPC::SysV=SETVAL -e 'semctl(shift, 0, SETVAL, 1) or die' "$sem"
	wait "$pid"
}

@test "read, write, save: --lock-with, of the segment that is there then" {
	shmtool create -s 4 -k 0x77
	shmtool write -s old 0x77
	make_semaphore 0
	begin_waiting read -s --lock-with "$sem" 0x77
	replace_and_free
	[ "$(cat out)" = newer ]
	perl -MIPC::SysV=SETVAL -e 'semctl(shift, 0, SETVAL, 0) or die' "$sem"
	begin_waiting write -s latest --lock-with "$sem" 0x77
	replace_and_free
	[ "$(shmtool read -s 0x77)" = latest ]
	perl -MIPC::SysV=SETVAL -e 'semctl(shift, 0, SETVAL, 0) or die' "$sem"
	mkdir saved
	begin_waiting save --lock-with "$sem" saved 0x77
	replace_and_free
	[ "$(head -c 5 saved/*.shm)" = newer ]
}

@test "read: on a terminal text is made safe, line by line" {
	needs_terminal
	id=$(shmtool create -s 200000)
	printf 'one\n\033[2Jtwo\ntab\tend\n' | shmtool write "$id"
	on_terminal "shmtool read -s $id"
	run cat screen
	[ "${lines[3]%$'\r'}" = 'tab\tend' ]
	[ "${lines[1]%$'\r'}" = one ]
	[ "${lines[2]%$'\r'}" = '\^[[2Jtwo' ]
	# Longer than a piece, and without an end.
	shmtool write -zB -n 100000 "$id"
	shmtool write -o 100000 -z0 "$id"
	on_terminal "shmtool read -s $id"
	[ "$(tr -dc B <screen | wc -c)" -eq 100000 ]
	# Elsewhere the bytes are what was asked for.
	printf 'a\033[2J\0' | shmtool write "$id"
	[ "$(shmtool read -s "$id")" = $'a\033[2J' ]
}

@test "read: on a terminal no character of UTF-8 is cut" {
	needs_terminal
	local at
	id=$(shmtool create -s 300000)
	shmtool write -zA "$id"
	for at in 65535 131071 131069 262142; do
		shmtool write -o $at -s $'\303\244' "$id"
	done
	for at in 65530 131080 262139; do
		shmtool write -o $at -s $'\342\202\254' "$id"
	done
	for at in 131060 196607 262144; do
		shmtool write -o $at -s $'\360\237\230\200' "$id"
	done
	# What ends in the middle of one is shown as it is.
	shmtool write -o 299999 -z0xf0 "$id"
	on_terminal "LC_ALL=C.UTF-8 shmtool read -s $id"
	tr -d 'A\r\n' <screen >rest
	[ "$(grep -o $'\303\244' rest | wc -l)" -eq 4 ]
	[ "$(grep -o $'\342\202\254' rest | wc -l)" -eq 3 ]
	[ "$(grep -o $'\360\237\230\200' rest | wc -l)" -eq 3 ]
	[ "$(grep -oF '\M-' rest | wc -l)" -eq 1 ]
}

@test "read: -w of text and of raw bytes shows all of it again" {
	local form
	id=$(shmtool create -s 16)
	for form in -s --raw; do
		shmtool write -s 'as it was' -0 "$id"
		shmtool read -w $form "$id" >log.$form 2>/dev/null 3>&- &
		wait_for grep -aq 'as it was' log.$form
		shmtool write -s 'as it is' -0 "$id"
		wait_for grep -aq 'as it is' log.$form
		kill $!
		wait $! || true
	done
	[ "$(cat log.-s)" = $'as it was\nas it is' ]
	[ "$(tr '\0' . <log.--raw)" = \
		'as it was.......as it is........' ]
}

@test "read: -w of values shows time and offset, in colour on a terminal" {
	needs_terminal
	local escape=$'\033[1;31m' watch i
	local when='[0-9]{4}-[0-9][0-9]-[0-9][0-9] [0-9:]{8}'
	id=$(shmtool create -s 16)
	watch="shmtool read -w0.1 -t u4 $id"
	script -qefc "$watch" values </dev/null >/dev/null 3>&- &
	$watch >log 2>/dev/null 3>&- &
	for i in values log; do
		wait_for bash -c "[ \$(grep -ac ' 0000000. 0' $i) -ge 4 ]"
	done
	printf '\7' | shmtool write -o 8 "$id"
	for i in values log; do
		wait_for grep -aq ' 7' $i
	done
	ipcrm -m "$id"
	wait
	[ "$(grep -cEx "$when 000000(00|04|08|0c) 0" log)" -eq 4 ]
	[ "$(wc -l <log)" -eq 5 ]
	tail -n 1 log | grep -qEx "$when 00000008 7"
	grep -aF ' 7' values | tr -d '\r' >changed
	grep -qEx "$(printf '\033\\[1;31m')$when 00000008 7.*" changed
	grep -qF "$escape" changed
}

@test "read: -w of more than a megabyte, and of what nobody wrote" {
	! is_32_bit || skip "it has no room for 64 GiB"
	id=$(perl -e 'print shmget(0, 64 << 30, 010600)')
	[ -n "$id" ] || skip "no segment of 64 GiB can be made here"
	shmtool read -w0.1 -x "$id" >log 2>err 3>&- &
	pid=$!
	wait_for grep -q '^1000000000' log
	[ "$(cat log)" = "$(printf '%s\n' "00000000$(printf ' 00%.0s' 1 2 3 4 \
		5 6 7 8 | sed 's/^/ /')$(printf ' 00%.0s' 1 2 3 4 5 6 7 8 |
		sed 's/^/ /')  |................|" '*' 1000000000)" ]
	shmtool write -o 63G -s far "$id"
	wait_for grep -q '|far\.' log
	shmtool write -o 63G -z0 -n 3 "$id"
	wait_for bash -c "[ \$(grep -c '^fc0000000 ' log) -eq 2 ]"
	kill -TERM $pid
	wait $pid || true
	# Nothing but the changes, each with its time.
	[ "$(wc -l <log)" -eq 9 ]
	[ "$(grep -c '^[0-9]\{4\}-[0-9-]* [0-9:]*$' log)" -eq 2 ]
	[ ! -s err ]
}

# Through the memory of a holder, not the segment as a file, which outlives
# it: only with the right to trace.
through() {
	setpriv --bounding-set=-all,+sys_ptrace --inh-caps=-all \
		shmtool read --no-trace "$@"
}

# Ends processes, and sees their attachments gone.
end() {
	local pid
	kill "$@"
	for pid; do
		wait_for bash -c "! grep -q SYSV /proc/$pid/maps"
	done
}

@test "read: --no-trace when a holder dies meanwhile: the next one" {
	! is_32_bit || skip "the holder is a program of 64 bits"
	id=$(shmtool create -s 16M)
	shmtool write -zA "$id"
	hold "$id"
	# The older of two ends, and then the younger.
	for dies in 0 1; do
		hold "$id"
		through "$id" | (head -c 1M; end "${holders[dies]}"; cat) >out
		[ "${PIPESTATUS[*]}" = "0 0" ]
		[ "$(tr -d A <out | wc -c)" -eq 0 ]
		[ "$(wc -c <out)" -eq $((16 << 20)) ]
		# Its number may be another one's by now.
		holders=("${holders[1 - dies]}")
	done
}

@test "read: --no-trace when the last holder dies meanwhile says so" {
	! is_32_bit || skip "the holder is a program of 64 bits"
	id=$(shmtool create -s 16M)
	shmtool write -zA "$id"
	hold "$id"
	through "$id" 2>err | (head -c 1M >out; end "$holder"; cat >>out) ||
		true
	holders=()
	through -x "$id" >all 2>again || status=$?
	[ "$status" -eq 1 ]
	grep -q "^shmtool: read: $id: no attached process is left" err
	[ "$(wc -l <err)" -eq 1 ]
	[ "$(tr -d A <out | wc -c)" -eq 0 ]
	grep -q "no process has it attached" again
}

none_left() {
	[ "$(segments)" -eq 0 ]
}

@test "read: --no-trace of one that goes with its last holder is 3" {
	! is_32_bit || skip "the holder is a program of 64 bits"
	id=$(shmtool create -s 16M)
	shmtool write -zA "$id"
	hold "$id"
	ipcrm -m "$id"
	through "$id" 2>err | (head -c 1M >out; end "$holder"
		wait_for none_left; cat >>out)
	[ "${PIPESTATUS[0]}" -eq 3 ]
	holders=()
	grep -q "^shmtool: read: $id: was removed, after [0-9]* bytes" err
	[ "$(wc -l <err)" -eq 1 ]
	[ "$(tr -d A <out | wc -c)" -eq 0 ]
}

# The call that copies out of the mapping fails so; /proc is not there to
# tell how much memory is in use.
@test "read: a page that cannot be had, and no memory, are 6" {
	needs_mounts
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	local error
	id=$(shmtool create -s 4096)
	shmtool write -zA "$id"
	for error in EFAULT ENOMEM; do
		# shellcheck disable=SC2016 # the inner shell's
		run --separate-stderr unshare --mount bash -euc '
			mount -t tmpfs none /proc
			exec strace -qq -o calls -e trace=process_vm_readv \
				-e inject=process_vm_readv:error="$0" \
				shmtool read -x "$1"' "$error" "$id"
		grep -q INJECTED calls || skip "strace cannot inject here"
		[ "$status" -eq 6 ]
		[ -z "$output" ]
		if [ "$error" = EFAULT ]; then
			message_has "read: $id: no free huge page"
		else
			[ "$stderr" = "shmtool: read: $id: not enough memory \
for 4.0K" ]
		fi
	done
}

@test "read: -w --no-trace ends with the last holder" {
	! is_32_bit || skip "the holder is a program of 64 bits"
	id=$(shmtool create -s 4096)
	shmtool write -zA "$id"
	hold "$id"
	through -w -x "$id" >log 2>err 3>&- &
	pid=$!
	wait_for grep -q '^00001000' log
	end "$holder"
	holders=()
	wait_for test -s err || { kill $pid; return 1; }
	status=0
	wait $pid || status=$?
	[ "$status" -eq 1 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -q "^shmtool: read: $id: no attached process is left" err
}

# The most private memory of a run of shmtool, in KiB; what of the segment is
# mapped is no more either.
private_memory() {
	perl -e '
		my $pid = fork // die;
		exec split(" ", $ENV{AS} // ""), "shmtool", @ARGV
		    if $pid == 0;
		my $most = my $mapped = 0;
		while (waitpid($pid, 1) == 0) {
			if (open my $f, "<", "/proc/$pid/status") {
				for (join "", <$f>) {
					my ($kb) = /RssAnon:\s+(\d+)/;
					$most = $kb if ($kb // 0) > $most;
					($kb) = /RssShmem:\s+(\d+)/;
					$mapped = $kb if ($kb // 0) > $mapped;
				}
			}
			select undef, undef, undef, 0.002;
		}
		die if $?;
		print STDERR "$most $mapped\n"' "$@" 2>most
	# The program may have said something, too.
	read -r private mapped < <(tail -n 1 most)
	[ "$private" -gt 0 ]
	[ "$private" -lt 4096 ]
	[ "$mapped" -lt 8192 ]
}

@test "read, write, save, restore, create: private memory under 4 MiB" {
	is_plain || skip "an instrumented program is larger"
	id=$(shmtool create -s 64M)
	# Without a capability it is reached through a mapping.
	for AS in "" "setpriv --bounding-set=-all --inh-caps=-all"; do
		export AS
		private_memory write -zA "$id"
		private_memory read "$id" >file
		private_memory read "$id" | cat >/dev/null
		private_memory read --zero-copy "$id" | cat >/dev/null
		private_memory read -t x8 -n 16M "$id" >/dev/null
		private_memory write -f file "$id"
		private_memory write "$id" < <(cat file)
		private_memory save . "$id"
		private_memory restore "$id-0x00000000"*.meta
		private_memory create -i file
		private_memory create -i - < <(cat file)
		rm file "$id-0x00000000"*
	done
}

# perl takes offsets up to 2 GiB; beyond, a program that has nothing of ours.
@test "read, write: perl agrees just below 2 GiB" {
	local end=$(((1 << 31) - 1)) o
	id=$(perl -e 'print shmget(0, (2 << 30) + 8192, 010600)')
	[ -n "$id" ] || skip "no segment of 2 GiB can be made here"
	for o in $((end - 5)) $((end - 4096)) $((end - 4101)); do
		echo "at $o" | shmtool write -o $o -n 5 "$id"
		[ "$(perl -e 'shmread($ARGV[0], $b, $ARGV[1], 5) or die;
			print $b' "$id" $o)" = "$(echo "at $o" | head -c 5)" ]
		perl -e 'shmwrite($ARGV[0], "perls", $ARGV[1], 5) or die' \
			"$id" $o
		[ "$(shmtool read -o $o -n 5 "$id")" = perls ]
	done
}

# dd on the memory of a holder knows every offset.
@test "read, write: dd on a holder's memory agrees beyond 2 GiB and 4 GiB" {
	! is_32_bit || skip "it has no room for 5 GiB"
	local o at
	id=$(perl -e 'print shmget(0, (5 << 30) + 1, 010600)')
	[ -n "$id" ] || skip "no segment of 5 GiB can be made here"
	hold "$id"
	at=$((0x$(awk '/SYSV/ { sub("-.*", ""); print }' \
		"/proc/$holder/maps")))
	for o in $(((1 << 31) - 3)) $(((1 << 32) - 3)) $(((5 << 30) - 6)); do
		printf 'we %-4.4s' "$((o % 9999))" | head -c 7 |
			shmtool write -o $o "$id"
		[ "$(dd if="/proc/$holder/mem" bs=7 count=1 \
			iflag=skip_bytes skip=$((at + o)) status=none)" = \
			"$(printf 'we %-4.4s' "$((o % 9999))")" ]
		printf 'by dd  ' | dd of="/proc/$holder/mem" bs=7 count=1 \
			oflag=seek_bytes seek=$((at + o)) conv=notrunc \
			status=none
		[ "$(shmtool read -o $o -n 7 "$id")" = 'by dd  ' ]
	done
}

# Huge pages are the machine's, and lent for the time of one test.
splice_huge_pages() {
	needs_root "huge pages are set aside"
	[ -n "${SHMTOOL_TEST_HOST:-}" ] ||
		skip "changes vm.nr_hugepages: set SHMTOOL_TEST_HOST=1"
	cat /proc/sys/vm/nr_hugepages >pool || skip "no huge pages here"
	echo $(($(cat pool) + $1)) >/proc/sys/vm/nr_hugepages
	[ "$(awk '/HugePages_Free/ { print $2 }' /proc/meminfo)" -ge "$1" ] ||
		skip "no $1 huge pages are to be had"
	unit=$(awk '/Hugepagesize/ { print $2 * 1024 }' /proc/meminfo)
}

@test "read, write: huge pages, at every way" {
	splice_huge_pages 4
	id=$(shmtool create --huge -s $((4 * unit)))
	shmtool set -m 0666 "$id"
	head -c $((4 * unit)) /dev/urandom >data
	shmtool write -f data "$id"
	shmtool read "$id" | cmp - data
	shmtool read "$id" >out
	cmp out data
	shmtool read -O out2 "$id"
	cmp out2 data
	shmtool read --zero-copy "$id" | cmp - data
	shmtool read -o 4097 -n $((unit + 3)) "$id" |
		cmp - <(tail -c +4098 data | head -c $((unit + 3)))
	without_privilege shmtool read "$id" | cmp - data
	shmtool write -z "$id"
	without_privilege shmtool write "$id" < <(cat data)
	shmtool read "$id" | cmp - data
	[ "$(shmtool stat --json "$id" |
		perl -MJSON::PP -0ne '$s = decode_json($_)->{segments}[0];
		print $s->{rss} // "null", " @{$s->{status}}"')" = "null huge" ]
	hold "$id"
	shmtool read --no-trace "$id" | cmp - data
	rm data out out2
}

@test "read: huge pages nobody wrote are zeros, without a free one an error" {
	splice_huge_pages 1
	id=$(shmtool create --huge --no-reserve -s $((2 * unit)))
	shmtool write -s hello "$id"
	[ "$(shmtool read -s "$id")" = hello ]
	run --separate-stderr shmtool write -o "$unit" -s x "$id"
	[ "$status" -eq 6 ]
	message_has "shmtool: write: $id:" "huge page"
	# As a file it has zeros there; in memory, only with a page.
	shmtool read -o "$unit" "$id" | cmp -n "$unit" - /dev/zero
	shmtool set -m 0666 "$id"
	run --separate-stderr without_privilege shmtool read -x -o "$unit" \
		"$id"
	[ "$status" -eq 6 ]
	message_has "shmtool: read: $id:" "huge page"
}
