# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# Objects of real programs, while they run, leaked and cleaned up.

load common

setup() {
	needs_own_shm
	clear_shm
	cd "$BATS_TEST_TMPDIR" || return 1
}

test_teardown() {
	release
	clear_shm
}

cleaned() {
	shmtool rm --kind posix --unattached --idle 0 --name "$1" --yes -v
}

is_unused() {
	[ "$(shmtool stat "/$1" --tsv --no-heading -o PROCS)" = 0 ]
}

@test "programs: Python's shared_memory, alive and leaked" {
	python3 -c 'import multiprocessing.shared_memory' 2>/dev/null ||
		skip "no Python with multiprocessing.shared_memory"
	local who=$BATS_TEST_TMPDIR/who
	# Two processes share one; the tracker, which would remove what was
	# leaked, is killed with them.
	python3 -c '
import multiprocessing, os, time
from multiprocessing import resource_tracker, shared_memory
memory = shared_memory.SharedMemory(create=True, size=1 << 20)
memory.buf[:5] = b"hello"
def other(name):
    mine = shared_memory.SharedMemory(name=name)
    print(memory.name, os.getppid(), os.getpid(),
        resource_tracker._resource_tracker._pid, flush=True)
    time.sleep(1000)
multiprocessing.get_context("fork").Process(target=other,
    args=(memory.name,)).start()
time.sleep(1000)' >"$who" 3>&- &
	holders+=($!)
	wait_for test -s "$who"
	read -r name one two tracker <"$who"
	[[ $name == psm_* ]]
	holders+=("$one" "$two" "$tracker")
	run --separate-stderr shmtool rm "/$name"
	[ "$status" -eq 5 ]
	message_has "$one (python" "$two (python"
	[ -z "$(cleaned 'psm_*')" ]
	[ "$(shmtool read -n 5 "/$name")" = hello ]
	kill -9 "$one" "$two" "$tracker"
	wait_for is_unused "$name"
	[[ $(cleaned 'psm_*') == "removed /$name "* ]]
	[ -z "$(ls -A /dev/shm)" ]
}

@test "programs: one with thousands of objects, of which it keeps a part" {
	perl -e 'my @kept;
		for my $n (1 .. 2000) {
			open my $f, "+>", "/dev/shm/many_$n" or die $!;
			print $f "x" x 100;
			push @kept, $f if $n % 100 == 0;
		}
		open my $ready, ">", "ready" or die $!;
		close $ready;
		sleep 1000' 3>&- &
	holders+=($!)
	wait_for test -e ready
	cleaned 'many_*' >removed
	[ "$(wc -l <removed)" -eq 1980 ]
	[ "$(find /dev/shm -name 'many_*00' | wc -l)" -eq 20 ]
	[ "$(find /dev/shm -type f | wc -l)" -eq 20 ]
}
