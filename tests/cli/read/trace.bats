# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# read: what reading leaves on the segment.

load ../common
load segment

resident() {
	awk -v id="$1" '$2 == id { print $15 }' /proc/sysvipc/shm
}

trace() {
	awk -v id="$1" '$2 == id { print $6, $7, $12, $13, $14, $15 }' \
		/proc/sysvipc/shm
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

answered() {
	[ -e forged ] || [ -e refused ]
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

# LPID and NATTCH are the two that programs look at.
@test "read, save: what its maker or last user has attached is left untouched" {
	needs_root "a descriptor of the segment takes a capability"
	make_segment 8192
	shmtool write -zA "$id"
	hold "$id"
	local facts=LPID,NATTCH,ATIME,DTIME line
	shmtool stat --tsv --no-heading -o "$facts" "$id" >before
	for line in "read $id" "read -x $id" "save -f $BATS_TEST_TMPDIR $id"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool $line
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		shmtool stat --tsv --no-heading -o "$facts" "$id" >after
		cmp before after || { echo "$line"; return 1; }
	done
	shmtool read "$id" | cmp - <(head -c 8192 /dev/zero | tr '\0' A)
	# Writing attaches.
	shmtool write -s x "$id"
	shmtool stat --tsv --no-heading -o "$facts" "$id" >after
	run ! cmp before after
}
