# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031

load ../common

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

resident() {
	awk -v id="$1" '$2 == id { print $15 }' /proc/sysvipc/shm
}

trace() {
	awk -v id="$1" '$2 == id { print $6, $7, $12, $13, $14, $15 }' \
		/proc/sysvipc/shm
}

@test "read: a dump to a pipe that does not wait arrives whole" {
	id=$(shmtool create -s 1M)
	shmtool write -f <(perl -e 'print pack "N*", 1 .. 1 << 18') "$id"
	[ "$(shmtool read -x "$id" | md5sum)" = "$(perl -MFcntl -e '
		pipe(my $r, my $w) or die;
		if (fork == 0) {
			fcntl($w, F_SETFL, O_NONBLOCK) or die;
			open STDOUT, ">&", $w or die;
			close $r;
			exec "shmtool", "read", "-x", $ARGV[0];
		}
		close $w;
		select undef, undef, undef, 0.2;
		print while <$r>;
		wait;
		exit $? >> 8' "$id" | md5sum)" ]
}

@test "read: raw bytes to a pipe, a file, and FILE, the same from each" {
	make_random 300001
	shmtool read "$id" | cmp - data
	shmtool read "$id" >out
	cmp out data
	shmtool read -O out2 "$id"
	cmp out2 data
	: >out3
	shmtool read "$id" >>out3
	cmp out3 data
	shmtool read -O - "$id" | cmp - data
}

@test "read: the same bytes without any capability" {
	make_random 300001
	chmod 777 .
	chmod 644 data
	shmtool set -m 0666 "$id"
	without_privilege shmtool read "$id" | cmp - data
	without_privilege shmtool read "$id" >out
	cmp out data
	without_privilege shmtool read --zero-copy "$id" | cmp - data
	without_privilege shmtool read -x "$id" | cmp - <(hexdump -C data)
}

@test "read: offsets and lengths at every edge" {
	make_random 12289
	local o n
	for o in 0 1 4095 4096 4097 8191 12288 12289; do
		for n in 0 1 2 4095 4096 4097 8192; do
			[ $((o + n)) -le 12289 ] || continue
			shmtool read -o $o -n $n "$id" |
				cmp - <(tail -c +$((o + 1)) data | head -c $n)
		done
	done
}

@test "read: beyond the end is 1, with the figures" {
	make_segment 5000
	run --separate-stderr shmtool read -o 4000 -n 1001 "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "read: $id:" 1001 4000 1000 5000
	run --separate-stderr shmtool read -o 5001 "$id"
	[ "$status" -eq 1 ]
	message_has 5001 5000
}

@test "read: -x is hexdump -C, folded lines and short ends included" {
	make_random 4099
	shmtool read -x "$id" | cmp - <(hexdump -C data)
	shmtool read -x -o 5 -n 77 "$id" | cmp - <(hexdump -C -s 5 -n 77 data)
	for n in 1 15 16 17 31 32 33 64 4096 70000; do
		make_segment $n
		shmtool read "$id" >zeros
		shmtool read -x "$id" | cmp - <(hexdump -C zeros)
		shmtool write -o $((n - 1)) -s x "$id"
		shmtool read "$id" >most
		shmtool read -x "$id" | cmp - <(hexdump -C most)
	done
}

@test "read: -t prints what od prints, -v its offset" {
	make_random 4096
	local t
	local types=(d1 d2 d4 d8 u1 u2 u4 u8 x1 x2 x4 x8 f4 f8)
	# That of the Rust coreutils writes floating-point numbers otherwise.
	od --version | grep -q GNU || types=("${types[@]:0:12}")
	for t in "${types[@]}"; do
		shmtool read -t "$t" "$id" |
			cmp - <(od -An -v -t"$t" -w"${t:1}" data | tr -d ' ')
	done
	shmtool read -t c "$id" |
		cmp - <(od -An -v -tc -w1 data | sed 's/^ \{1,3\}//')
	shmtool read -t a "$id" |
		cmp - <(od -An -v -ta -w1 data | sed 's/^ \{1,3\}//')
	shmtool read -v -t x2 -o 4 -n 4 "$id" >got
	od -v -Ax -tx2 -w2 -j4 -N4 data | sed '$d; s/^/00/' | cmp - got
}

@test "read: -s ends at the first NUL" {
	make_segment 70000
	[ "$(shmtool read -s "$id" | od -c -An | tr -d ' ')" = '\n' ]
	shmtool write -s 'hello' "$id"
	[ "$(shmtool read -s "$id" | od -c -An | tr -d ' ')" = 'hello\n' ]
	shmtool write -s $'line\n' "$id"
	[ "$(shmtool read -s "$id" | od -c -An | tr -d ' ')" = 'line\n' ]
	shmtool write -zA "$id"
	[ "$(shmtool read -s "$id" | wc -c)" -eq 70001 ]
}

@test "read: allocates nothing, and leaves holes in a file" {
	! is_32_bit || skip "it has no room for 64 GiB"
	! is_valgrind || skip "valgrind has no room for 64 GiB"
	id=$(perl -e 'print shmget(0, 64 << 30, 010600)')
	[ -n "$id" ] || skip "no segment of 64 GiB can be made here"
	perl -e 'shmwrite($ARGV[0], "a" x 5000, 1 << 20, 5000)' "$id"
	shmtool write -o 63G -s "far away" "$id"
	before=$(resident "$id")
	shmtool read -O sparse "$id"
	[ "$(resident "$id")" -eq "$before" ]
	[ "$(stat -c %s sparse)" -eq $((64 << 30)) ]
	[ "$(stat -c %b sparse)" -lt 1000 ]
	[ "$(tail -c +$(((63 << 30) + 1)) sparse | head -c 8)" = "far away" ]
	[ "$(tail -c +$(((1 << 20) + 1)) sparse | head -c 5001 | tr -d '\0')" \
		= "$(printf 'a%.0s' {1..5000})" ]
	shmtool read -o 62G -n 64M "$id" | cmp -n $((64 << 20)) - /dev/zero
	shmtool set -m 0666 "$id"
	without_privilege shmtool read -o 62G -n 64M "$id" |
		cmp -n $((64 << 20)) - /dev/zero
	without_privilege shmtool read -x -n 4M "$id" >/dev/null
	[ "$(resident "$id")" -eq "$before" ]
	rm sparse
}

@test "read: --no-trace through a holder" {
	make_random 8192
	run --separate-stderr shmtool read --no-trace "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "without a trace: no process has it attached"
	hold "$id"
	before=$(trace "$id")
	sleep 1.1
	shmtool read --no-trace "$id" | cmp - data
	shmtool read --no-trace -x "$id" | cmp - <(hexdump -C data)
	[ "$(trace "$id")" = "$before" ]
}

@test "read: --no-trace never allocates what nobody wrote" {
	make_segment 65536
	shmtool write -s x "$id"
	hold "$id"
	before=$(trace "$id")
	run --separate-stderr shmtool read --no-trace -x "$id"
	if [ "$status" -ne 0 ]; then
		[ "$status" -eq 1 ]
		message_has "without a trace" "CAP_CHECKPOINT_RESTORE"
	fi
	[ "$(trace "$id")" = "$before" ]
	# Only through the memory of the holder.
	run --separate-stderr setpriv --bounding-set=-all,+sys_ptrace \
		--inh-caps=-all shmtool read --no-trace -x "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "read: $id: cannot be read without a trace" \
		"unwritten pages" "CAP_CHECKPOINT_RESTORE"
	[ "$(trace "$id")" = "$before" ]
}

@test "read: an absent segment is 3, a forbidden one 4" {
	run --separate-stderr shmtool read 99999
	[ "$status" -eq 3 ]
	message_has "read: 99999:" "no such segment"
	! is_valgrind || skip "valgrind makes EINVAL of it"
	make_segment 10 0000
	run --separate-stderr without_privilege shmtool read "$id"
	[ "$status" -eq 4 ] || needs_root "an owner may read his own"
	message_has "read permission" "0000"
}

@test "read: a full and a closed output are 1" {
	make_segment 100000
	run --separate-stderr bash -c "shmtool read $id >/dev/full"
	[ "$status" -eq 1 ]
	message_has "standard output"
	run --separate-stderr bash -c "shmtool read $id >&-"
	[ "$status" -eq 1 ]
	message_has "standard output"
	run --separate-stderr bash -c "shmtool read -x $id >/dev/full"
	[ "$status" -eq 1 ]
}

@test "read: -O replaces as a whole, keeps the mode, follows no link" {
	make_random 5000
	echo old >target
	chmod 640 target
	shmtool read -O target "$id"
	cmp target data
	[ "$(stat -c %a target)" = 640 ]
	shmtool read -O new "$id"
	[ "$(stat -c %a new)" = 600 ]
	ln -sf target link
	run --separate-stderr shmtool read -O link -n 1 "$id"
	[ "$status" -eq 1 ]
	message_has "read: link:" "link"
	cmp target data
	run --separate-stderr shmtool read -O no/such/folder "$id"
	[ "$status" -eq 1 ]
	message_has "no/such/folder"
	shmtool read -O /dev/null "$id"
	mkfifo fifo
	shmtool read -O fifo "$id" &
	cmp fifo data
	[ -z "$(find . -name ".*" -type f)" ]
}

@test "read: -O where a file needs a name from its beginning" {
	is_plain || skip "an instrumented program needs /proc"
	needs_mounts
	make_random 5000
	mkdir named
	echo old >named/there
	# Without /proc a file without one could not be given one.
	unshare -m bash -c "mount -t tmpfs none /proc || exit 77
		cd named && shmtool read -O there $id &&
		shmtool read -O new $id &&
		! (ulimit -f 1; shmtool read -O large $id 2>../err)" ||
		{ [ $? -eq 77 ] && skip "/proc cannot be hidden here"; }
	cmp named/there data
	cmp named/new data
	grep -q "File too large" err
	[ "$(ls -A named)" = $'new\nthere' ]
}

@test "read: -O trusts neither a link, a pipe nor a mode of another user" {
	needs_root "other users are needed"
	make_random 5000
	mkdir -m 1777 shared
	mkfifo pipe
	ln -s "$PWD/pipe" shared/link
	: >shared/file
	chmod 666 shared/file
	chown -h 65534:65534 shared/link shared/file
	# It would wait for a reader.
	run --separate-stderr timeout 10 shmtool read -O shared/link "$id"
	[ "$status" -eq 1 ]
	message_has "read: shared/link:" "link of another user"
	shmtool read -O shared/file "$id"
	cmp shared/file data
	[ "$(stat -c %a:%u shared/file)" = 600:0 ]
	mkfifo shared/pipe
	chown 65534 shared/pipe
	timeout 10 cat shared/pipe >leak &
	run --separate-stderr timeout 10 shmtool read -O shared/pipe "$id"
	[ "$status" -eq 1 ]
	message_has "read: shared/pipe:" "pipe of another user"
	kill $!
	[ ! -s leak ]
	# Anybody may have put a link to a file of ours there.
	: >mine
	chmod 666 mine
	ln mine shared/mine
	shmtool read -O shared/mine "$id"
	cmp shared/mine data
	[ "$(stat -c %a shared/mine)" = 600 ]
	[ ! -s mine ]
	# Those of root, and of our own, are followed.
	[ "$(shmtool read -O /dev/stdout -n 9 "$id" | wc -c)" -eq 9 ]
	ln -s pipe own
	shmtool read -O own "$id" &
	cmp pipe data
}

@test "read: -O trusts no pipe that comes to its name in the last moment" {
	needs_root "other users are needed"
	is_plain || skip "an instrumented program takes no preload"
	command -v cc >/dev/null || skip "no C compiler"
	cat >swap.c <<-'TXT'
	#include <dlfcn.h>
	#include <stdio.h>
	#include <string.h>

	int
	open64(const char *path, int flags, unsigned mode)
	{
		int (*real)(const char *, int, unsigned) =
		    dlsym(RTLD_NEXT, "open64");

		if (strcmp(path, "place/pipe") == 0)
			rename("place/other", "place/pipe");
		return real(path, flags, mode);
	}

	int
	__open64_2(const char *path, int flags)
	{
		return open64(path, flags, 0);
	}
	TXT
	cc -D_GNU_SOURCE -shared -fPIC -o swap.so swap.c -ldl
	make_random 5000
	mkdir place
	mkfifo place/pipe place/other
	chown 65534 place/other
	exec 7<>place/other
	LD_PRELOAD=$PWD/swap.so run --separate-stderr timeout 10 \
		shmtool read -O place/pipe "$id"
	[ "$status" -eq 1 ]
	message_has "read: place/pipe: a pipe of another user"
	read -rt 0 -u 7 && return 1
	exec 7>&-
	[ "$(stat -c %u place/pipe)" -eq 65534 ]
}

@test "read: -O of what cannot be written says why, and leaves it" {
	make_random 5000
	mkdir folder
	ln -s nowhere dangling
	for file in "folder: Is a directory" "dangling: No such file" \
		"/dev/full: No space left"; do
		run --separate-stderr shmtool read -O "${file%:*}" "$id"
		[ "$status" -eq 1 ]
		message_has "read: $file"
	done
	[ -z "$(ls -A folder)" ]
	[ -L dangling ] && [ ! -e nowhere ]
	run --separate-stderr shmtool read -x -O /dev/full "$id"
	[ "$status" -eq 1 ]
	message_has "read: /dev/full: No space left"
}

@test "read: -v tells how much was read, and from where" {
	make_random 5000
	run --separate-stderr shmtool read -v -O copy -o 100 -n 200 "$id"
	[ "$status" -eq 0 ]
	message_has "read 200 bytes at 100"
	cmp copy <(tail -c +101 data | head -c 200)
}

answered() {
	[ -e forged ] || [ -e refused ]
}

attached() {
	[ "$(of_id nattch "$id")" -eq "$1" ]
}

@test "read: --no-trace believes no process that shows another segment" {
	needs_root "other users are needed"
	command -v cc >/dev/null || skip "no C compiler"
	cat >forge.c <<'E2'
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char stack[65536];

static int
elsewhere(void *arg)
{
	int wanted = atoi(arg), id;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (id = -1; id < wanted - 1;)
		id = shmget(IPC_PRIVATE, 1, 0600);
	id = shmget(0x77, 4096, IPC_CREAT | 0600);
	memset(shmat(id, NULL, 0), 'F', 4096);
	fclose(fopen(id == wanted ? "forged" : "failed", "w"));
	for (;;)
		pause();
}

int
main(int argc, char **argv)
{
	if (clone(elsewhere, stack + sizeof(stack), CLONE_VM | CLONE_NEWUSER |
	    CLONE_NEWIPC, argv[1]) == -1)
		fclose(fopen("refused", "w"));
	for (;;)
		pause();
}
E2
	cc -o forge forge.c
	chmod 777 .
	# One of the first, so that the other namespace soon has it, too.
	id=$(shmtool create -k 0x77 -s 4096 -m 0666 --id 40)
	shmtool write -s TRUE "$id"
	setpriv --reuid=65534 --regid=65534 --clear-groups ./forge "$id" 3>&- &
	holders+=($!)
	wait_for answered
	[ -e forged ] || skip "no user namespaces for everyone here"
	hold "$id"
	run --separate-stderr shmtool read --no-trace -n 4 "$id"
	[ "$status" -eq 0 ]
	[ "$output" = TRUE ]
	kill "${holders[1]}"
	wait_for attached 0
	# Two of other users, and one attachment.
	setpriv --reuid=65533 --regid=65533 --clear-groups \
		perl -MIPC::SysV=shmat -e 'shmat($ARGV[0], undef, 0) or die;
			sleep 1 while 1' "$id" 3>&- &
	holders+=($!)
	wait_for attached 1
	run --separate-stderr shmtool read --no-trace -n 4 "$id"
	[ "$status" -eq 1 ]
	message_has "read: $id:" "cannot be read without a trace"
	# Alone it could still show one thing when asked and then another.
	kill "${holders[0]}"
	wait "${holders[0]}" || true
	run --separate-stderr shmtool read --no-trace -n 4 "$id"
	[ "$status" -eq 1 ]
	message_has "read: $id:" "cannot be read without a trace"
}

@test "read: --no-trace reads no file that is mapped where the segment was" {
	needs_root "for CAP_CHECKPOINT_RESTORE"
	command -v cc >/dev/null || skip "no C compiler"
	make_random 4096
	head -c 4096 /dev/urandom >other
	cat >flip.c <<'E2'
#include <sys/mman.h>
#include <sys/shm.h>
#include <fcntl.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	int id = atoi(argv[1]), fd = open(argv[2], O_RDONLY);
	void *at = shmat(id, NULL, SHM_RDONLY);

	for (;;) {
		mmap(at, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
		shmat(id, at, SHM_REMAP | SHM_RDONLY);
	}
}
E2
	cc -o flip flip.c
	./flip "$id" other 3>&- &
	holders+=($!)
	local i read=0
	for ((i = 0; i < 200; i++)); do
		shmtool read --no-trace "$id" >out 2>err || continue
		read=$((read + 1))
		cmp out data
	done
	[ "$read" -gt 0 ] || skip "it was never read"
}

@test "read: -O beyond RLIMIT_FSIZE is told, and leaves nothing" {
	make_random 100000
	run --separate-stderr bash -c "ulimit -f 10; shmtool read -O large $id"
	[ "$status" -eq 1 ]
	message_has "read: large: File too large"
	[ -z "$(find . -name "*large*")" ]
	run --separate-stderr bash -c "ulimit -f 10; shmtool read -x -O large $id"
	[ "$status" -eq 1 ]
	message_has "read: large: File too large"
	[ -z "$(find . -name "*large*")" ]
}

@test "read: -t of a range that is no whole number of values is 1" {
	make_random 257
	run --separate-stderr shmtool read -t d4 -n 6 "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "read: $id: 6 bytes:" "no whole number of d4" "--length 4"
	run --separate-stderr shmtool read -t d8 "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "read: $id: 257 bytes:" "--length 256"
	run --separate-stderr timeout 10 shmtool read -w -t u2 -o 1 -n 3 "$id"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	shmtool read -t d8 -o 1 "$id" |
		cmp - <(od -An -v -td8 -w8 -j1 data | tr -d ' ')
}

@test "read: -t, the shortest text of a floating point number" {
	local -a numbers=(0 1 -1 0.1 1e15 1e16 123456789012345678 1e-5 5e-324
		2.2250738585072014e-308 1.7976931348623157e+308 0.3 nan inf)
	make_segment $((8 * ${#numbers[@]}))
	perl -e 'print pack "d*", @ARGV' "${numbers[@]}" >data
	shmtool write -f data "$id"
	shmtool read -t f8 "$id" |
		cmp - <(od -An -v -tf8 -w8 data | tr -d ' ')
	shmtool read -t f8 "$id" | grep -qx 0.1
	shmtool read -t f8 "$id" | grep -qx 5e-324
	perl -e 'print pack "f*", 0, 1, 0.1, 1e-45, 3.4028235e38, 16777217' \
		>data
	shmtool write -f data "$id"
	shmtool read -t f4 -n 24 "$id" |
		cmp - <(od -An -v -tf4 -w4 data | tr -d ' ')
}

@test "read: -w prints at first and then what changed" {
	make_segment 4
	shmtool read -w0.1 -t d4 "$id" >log 2>err &
	pid=$!
	wait_for grep -q ' 00000000 0$' log
	printf '\7\0\0\0' | shmtool write "$id"
	wait_for grep -q ' 00000000 7$' log
	kill -TERM $pid
	run wait $pid
	[ "$(wc -l <log)" -eq 2 ]
	[ ! -s err ]
}

@test "read: -w takes intervals up to 2147483647 seconds" {
	make_segment 10
	for seconds in 2147483648 1000000d; do
		run --separate-stderr shmtool read "-w$seconds" "$id"
		[ "$status" -eq 2 ]
		message_has "read: --watch: $seconds: out of range"
	done
}

@test "read: -w marks what changed, and ends when the segment goes" {
	make_segment 64
	shmtool read -w -x "$id" >log 2>err &
	pid=$!
	wait_for grep -q '^00000040' log
	shmtool write -o 17 -s hi "$id"
	wait_for grep -q hi log
	grep -qx ' *^^ ^^' log
	[ "$(grep -c '^00000010' log)" -eq 1 ]
	ipcrm -m "$id"
	wait_for grep -q removed err
	status=0
	wait $pid || status=$?
	[ "$status" -eq 3 ]
}

@test "read: --lock-with never sees half a block, whoever is killed" {
	make_segment 1000000
	sem=$(perl -MIPC::SysV=IPC_PRIVATE,S_IRUSR,S_IWUSR,SETVAL -e \
		'$s = semget(IPC_PRIVATE, 1, 0600); semctl($s, 0, SETVAL, 1);
		print $s' 2>/dev/null) || skip "perl has no IPC::SysV"
	writer() {
		while :; do
			shmtool write -z"$1" --lock-with "$sem" "$id"
		done
	}
	shmtool write -zA "$id"
	writer A &
	a=$!
	writer B &
	b=$!
	for _ in {1..20}; do
		[ "$(shmtool read --lock-with "$sem" "$id" | fold -w 1000 |
			sort -u | wc -l)" -eq 1 ]
	done
	kill -9 $a $b
	wait || true
	shmtool write -zC --lock-with "$sem" --lock-timeout 20 "$id"
	ipcrm -s "$sem"
}

@test "read: a wrong command line is 2" {
	make_segment 100
	local line
	for line in "" "$id $id" "-x -s $id" "-t d3 $id" "-t x1 --raw $id" \
		"-w0 $id" "-wx $id" "-w -O f $id" "-o -1 $id" "-n x $id" \
		"--zero-copy -x $id" "--zero-copy -O f $id" \
		"--zero-copy --lock-with 1 $id" "--lock-timeout 1 $id" \
		"--lock-with x $id" "--nosuch $id" \
		"-n 18446744073709551615 $id"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool read $line
		[ "$status" -eq 2 ] || { echo "$status: $line"; return 1; }
		message_has "shmtool: read:"
	done
	[ ! -e f ]
	run --separate-stderr shmtool read --zero-copy "$id" >out
	run --separate-stderr bash -c "shmtool read --zero-copy $id >out"
	[ "$status" -eq 2 ]
	message_has "pipe"
}

@test "read: where process_vm_readv is filtered, the same bytes" {
	command -v strace >/dev/null || skip "needs strace"
	make_random 10000
	shmtool set -m 0666 "$id"
	without_privilege strace -f \
		-e inject=process_vm_readv:error=EPERM \
		shmtool read -x "$id" 2>trace |
		cmp - <(hexdump -C data)
	grep -q INJECTED trace
}

@test "read: the seconds of -w in a word of their own are told of" {
	id=$(shmtool create -s 8)
	run --separate-stderr timeout 5 shmtool read -w 2 "$id"
	[ "$status" -eq 2 ]
	message_has "$id: one segment at a time" "-w2"
}

# To a reader that takes nothing before $1 has been done.
read_late() {
	mkfifo late
	{
		: >opened
		until test -e changed; do sleep 0.05; done
		cat >got
	} <late 3>&- &
	reader=$!
	shmtool read -n 8192 "$id" >late
	wait_for test -e opened
	perl -e 'shmwrite($ARGV[0], "B" x 8192, 0, 8192) or die' "$id"
	: >changed
	wait "$reader"
	[ "$(tr -s AB <got)" = "$1" ]
	[ "$(wc -c <got)" -eq 8192 ]
}

@test "read: a pipe has what was there while reading, never a later store" {
	cd "$BATS_TEST_TMPDIR"
	make_segment 8192
	shmtool write -zA "$id"
	read_late A
}

@test "read: the same bytes to a socket" {
	make_random 300001
	perl -MSocket -e 'socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, 0
		or die;
		if (!(fork // die)) {
			close $a;
			open STDOUT, ">&", $b or die;
			exec qw(shmtool read), $ARGV[0];
		}
		close $b;
		print while <$a>;' "$id" | cmp - data
}

@test "read: nobody finds the segment attached while it is read" {
	needs_root "a descriptor of the segment takes a capability"
	make_segment 4M
	shmtool write -zA "$id"
	shmtool read "$id" | {
		head -c 1 >/dev/null
		of_id nattch "$id" >seen
		cat >/dev/null
	}
	[ "$(cat seen)" -eq 0 ]
	# With a mapping it is.
	setpriv --bounding-set=-all --inh-caps=-all shmtool read "$id" | {
		head -c 1 >/dev/null
		of_id nattch "$id" >seen
		cat >/dev/null
	}
	[ "$(cat seen)" -eq 1 ]
	[ "$(of_id nattch "$id")" -eq 0 ]
}

@test "read: a dump costs nothing by the hole" {
	! is_32_bit || skip "it has no room for 64 GiB"
	! is_valgrind || skip "valgrind has no room for 64 GiB"
	local as size line
	line="00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00"
	for size in $((64 << 30)) $((15 << 40)); do
		id=$(perl -e 'print shmget(0, $ARGV[0], 010666)' "$size")
		[ -n "$id" ] || continue
		for as in "" "setpriv --bounding-set=-all --inh-caps=-all"; do
			# shellcheck disable=SC2086 # words, or none
			run timeout 5 $as shmtool read -x "$id"
			[ "$status" -eq 0 ]
			[ "$output" = "$line  |................|"$'\n*\n'"$(
				printf %x "$size")" ]
			# shellcheck disable=SC2086
			[ "$(timeout 5 $as shmtool read -s "$id")" = "" ]
		done
		ipcrm -m "$id"
	done
	id=$(perl -e 'print shmget(0, 64 << 30, 010666)')
	[ -n "$id" ] || skip "no segment of 64 GiB can be made here"
	for line in 5 20000000 40000000; do
		shmtool write -o $line -s here "$id"
	done
	for as in "" "setpriv --bounding-set=-all --inh-caps=-all"; do
		# shellcheck disable=SC2086
		timeout 5 $as shmtool read -x "$id" >out
		[ "$(grep -c here out)" -eq 3 ]
		[ "$(wc -l <out)" -eq 10 ]
		# From an odd offset on as well.
		# shellcheck disable=SC2086
		timeout 5 $as shmtool read -x -o 7 -n 40000003 "$id" >out
		shmtool read -n 40000010 "$id" >raw
		cmp out <(hexdump -C -s 7 raw)
	done
}

@test "read: a size that cannot be attached is refused at once" {
	! is_32_bit || skip "a size of 64 bits"
	id=$(perl -e 'print shmget(0, 1 << 47, 010600)')
	[ -n "$id" ] || skip "no segment of 128 TiB can be made here"
	run --separate-stderr timeout 5 shmtool read -x "$id"
	[ "$status" -eq 6 ]
	[ -z "$output" ]
	message_has "read: $id:"
}
