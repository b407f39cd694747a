#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat -w of POSIX objects: events of inotify.

load ../common

setup() {
	needs_own_shm
	clear_shm
}

test_teardown() {
	clear_shm
}

# Starts stat -w with these arguments; its lines go to $seen.
watch() {
	seen="$BATS_TEST_TMPDIR/seen.$RANDOM$RANDOM"
	: >"$seen"
	shmtool stat -w "$@" >"$seen" 2>"$seen.err" 3>&- &
	watcher=$!
	holders+=("$watcher")
	case $* in
	*--json* | *--no-heading*) settle "$watcher" ;;
	*) wait_for test -s "$seen" ;;
	esac
}

# What has been seen, without the times: the words from column $1 to $2.
events() {
	tail -n +2 "$seen" | tr -s ' ' | cut -d ' ' -f "$1-$2"
}

# Ends the watch after a last event of its own, so that all are there; the
# marker's events are left out.
all_events() {
	: >/dev/shm/end-of-test
	wait_for grep -q 'closed .*/end-of-test' "$seen"
	events 3 4 | grep -v /end-of-test
}

@test "events: created, opened, changed, closed, renamed, removed" {
	watch --kind posix
	[ "$(head -n 1 "$seen" | xargs)" = "TIME EVENT ID OWNER SIZE WHAT" ]
	# An event is looked at after it happened: one after the other.
	shmtool create /x -s 4096
	wait_for grep -q created "$seen"
	echo hi >>/dev/shm/x
	wait_for grep -q 'size 4096 -> 4099$' "$seen"
	shmtool set -m 0640 /x
	wait_for grep -q 'perms 0600 -> 0640$' "$seen"
	mv /dev/shm/x /dev/shm/y
	wait_for grep -q 'from /x$' "$seen"
	truncate -s 8192 /dev/shm/y
	wait_for grep -q 'size 4099 -> 8192$' "$seen"
	rm /dev/shm/y
	[ "$(all_events | paste -sd,)" = "created /x,opened /x,changed /x,closed /x,changed /x,renamed /y,opened /y,changed /y,closed /y,removed /y" ]
	grep -Eq '^20[0-9-]+ [0-9:]{8} +created +/x +'"$(id -un)"' +4.0K' \
		"$seen"
	[ ! -s "$seen.err" ]
}

@test "events: a mapping keeps an object open until the last of it is gone" {
	shmtool create /x -s 4096
	watch --kind posix
	shmtool attach /x >/dev/null 3>&- &
	local pid=$!
	holders+=("$pid")
	wait_for grep -q /dev/shm/x "/proc/$pid/maps"
	wait_for grep -q opened "$seen"
	settle "$watcher"
	[ "$(events 3 4)" = "opened /x" ]
	kill "$pid"
	wait_for grep -q closed "$seen"
}

@test "events: written, and what is there at first is no event" {
	echo hello >/dev/shm/x
	watch --kind posix
	echo HELLO >"$BATS_TEST_TMPDIR/in"
	shmtool write /x -f "$BATS_TEST_TMPDIR/in"
	wait_for grep -q 'changed .*written$' "$seen"
	[ "$(all_events | head -n 1)" = "opened /x" ]
}

@test "events: what nobody could look at in time is told all the same" {
	watch --kind posix
	kill -STOP "$watcher"
	: >/dev/shm/x
	chmod 600 /dev/shm/x
	echo >>/dev/shm/x
	rm /dev/shm/x
	kill -CONT "$watcher"
	[ "$(all_events | paste -sd,)" = "created /x,opened /x,closed /x,changed /x,opened /x,changed /x,closed /x,removed /x" ]
	grep -Eq 'created +/x +- +- +-$' "$seen"
}

@test "events: an object that has lost its name is not followed" {
	shmtool create /x -s 1
	hold_open x
	local opener=$holder
	watch --kind posix
	rm /dev/shm/x
	shmtool create /x -s 2
	kill "$opener"
	wait "$opener" || true
	[ "$(all_events | paste -sd,)" = "removed /x,created /x" ]
}

@test "events: a renaming over another object removes that" {
	shmtool create /x -s 1
	shmtool create /y -s 2
	watch --kind posix
	mv /dev/shm/x /dev/shm/y
	[ "$(all_events | paste -sd,)" = "removed /y,renamed /y" ]
}

@test "events: a move to a directory and back is a removal and a creation" {
	mkdir /dev/shm/dir
	shmtool create /x -s 1
	watch --kind posix
	mv /dev/shm/x /dev/shm/dir/y
	wait_for grep -q removed "$seen"
	mv /dev/shm/dir/y /dev/shm/z
	[ "$(all_events | paste -sd,)" = "removed /x,created /z" ]
}

@test "events: directories, FIFOs, links and sockets are no objects" {
	watch --kind posix
	mkdir /dev/shm/dir
	mkfifo /dev/shm/fifo
	ln -s nothing /dev/shm/link
	perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_STREAM, 0 or die;
		bind $s, sockaddr_un("/dev/shm/socket") or die'
	# What is gone before it is looked at may have been an object.
	: >/dev/shm/looked
	wait_for grep -q 'closed .*/looked' "$seen"
	rm -r /dev/shm/dir /dev/shm/fifo /dev/shm/link /dev/shm/socket
	! all_events | grep -v /looked || false
}

@test "events: filters and operands choose" {
	watch --name 'psm_*' --min-size 2
	shmtool create /psm_1 -s 1
	shmtool create /psm_2 -s 2
	shmtool create /other -s 2
	shmtool set -s 3 /psm_1
	# Its size is asked for when the change is seen.
	wait_for grep -Eq 'closed +/psm_1' "$seen"
	rm /dev/shm/psm_1
	wait_for grep -q removed "$seen"
	[ "$(events 3 4 | paste -sd,)" = \
		"created /psm_2,changed /psm_1,closed /psm_1,removed /psm_1" ]
	watch /later --no-heading
	shmtool create /late -s 1
	shmtool create /later -s 1
	wait_for grep -q . "$seen"
	[ "$(tr -s ' ' <"$seen" | cut -d ' ' -f 3-4)" = "created /later" ]
}

@test "events: filters that would have to open the object are refused" {
	local filter
	for filter in --unattached --stale "--pid 1" "--not --stale"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool stat -w --kind posix $filter
		[ "$status" -eq 2 ]
		message_has "stat: --" "who uses a POSIX object"
	done
}

@test "events: both kinds together, with KIND" {
	local id
	watch --kind all
	[ "$(head -n 1 "$seen" | xargs)" = "TIME EVENT KIND ID KEY OWNER SIZE NATTCH PID COMMAND WHAT" ]
	shmtool create /x -s 1
	id=$(shmtool create -s 1)
	wait_for grep -Eq "created +sysv +$id " "$seen"
	grep -Eq "created +posix +/x +- " "$seen"
}

@test "events: JSON, one object a line" {
	command -v python3 >/dev/null || skip "no python3 to read JSON"
	watch --kind posix --json
	shmtool create /x -s 5
	: >$'/dev/shm/\xff\n'
	wait_for grep -q name_hex "$seen"
	python3 - "$seen" <<-'TXT'
	import json, sys
	lines = [json.loads(line) for line in open(sys.argv[1])]
	first = lines[0]
	assert first["event"] == "created" and first["kind"] == "posix"
	assert first["id"] is None and first["name"] == first["path"] == "/x"
	assert first["size"] == 5 and first["time"] > 1500000000
	assert first["key"] is None and first["inode"] > 0
	assert any(bytes.fromhex(e["name_hex"]) == b"/\xff\n" and
	    e["path"] is None for e in lines if "name_hex" in e)
	TXT
}

@test "events: JSON knows no device of an object that went unseen" {
	watch --kind posix --json
	kill -STOP "$watcher"
	: >/dev/shm/x
	rm /dev/shm/x
	kill -CONT "$watcher"
	wait_for grep -q '"removed"' "$seen"
	[ "$(jq -rs '[.[] | select(.event == "removed") |
		.dev, .inode, .owner] | unique | @json' "$seen")" = "[null]" ]
}

@test "events: an overflow, and then what differs" {
	local limit=/proc/sys/fs/inotify/max_queued_events before
	needs_root "sets the length of the queue"
	[ -w $limit ] || skip "$limit cannot be set here"
	before=$(cat $limit)
	shmtool create /gone -s 1
	shmtool create /kept -s 1
	# Other programs keep the queues that they have.
	echo 16 >$limit
	watch --kind posix
	echo "$before" >$limit
	kill -STOP "$watcher"
	local i
	for ((i = 0; i < 40; i++)); do
		: >"/dev/shm/new.$i"
	done
	rm /dev/shm/gone
	chmod 640 /dev/shm/kept
	kill -CONT "$watcher"
	wait_for grep -q 'created */new.39' "$seen"
	[ "$(events 3 4 | grep -c '^overflow -$')" -eq 1 ]
	[ "$(events 3 4 | grep -c '^created /new')" -eq 40 ]
	events 3 4 | grep -qx 'removed /gone'
	grep -q 'perms 0600 -> 0640' "$seen"
}

@test "events: ends on a signal and on a closed pipe, without a message" {
	watch --kind posix
	kill -TERM "$watcher"
	local code=0
	wait "$watcher" || code=$?
	[ "$code" -eq 143 ]
	[ ! -s "$seen.err" ]
	timeout 60 sh -c 'shmtool stat -w --kind posix | head -n 1' |
		grep -q '^TIME'
}

@test "events: a line is there at once in a pipe" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	shmtool stat -w --kind posix --no-heading --tsv \
		>"$BATS_TEST_TMPDIR/pipe" 3>&- &
	holders+=($!)
	exec 9<"$BATS_TEST_TMPDIR/pipe"
	settle "${holders[-1]}"
	shmtool create /x -s 1
	read -r -t 30 line <&9
	exec 9<&-
	[[ $line == *$'\tcreated\t/x\t'* ]]
}

@test "events: no tmpfs, and no watch" {
	needs_mounts
	needs_root "mounts a ramfs"
	run --separate-stderr unshare --mount sh -c '
		mount -t ramfs ramfs /dev/shm && shmtool stat -w --kind posix'
	[ "$status" -eq 1 ]
	message_has "/dev/shm does not exist, or is not a tmpfs"
	run --separate-stderr timeout 60 unshare --mount sh -c '
		mount -t tmpfs tmpfs /dev/shm
		(sleep 0.5; umount /dev/shm) & shmtool stat -w --kind posix \
			>/dev/null'
	[ "$status" -eq 1 ]
	message_has "stat: /dev/shm: was unmounted or removed"
}

@test "events: an object made while the watch begins is no event" {
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	is_plain || skip "an instrumented program takes no preload"
	cd "$BATS_TEST_TMPDIR" || return 1
	"${CC:-cc}" -D_GNU_SOURCE -shared -fPIC -o begin.so -x c - -ldl <<-'TXT'
	#include <dlfcn.h>
	#include <stdint.h>
	#include <stdlib.h>
	#include <unistd.h>

	int inotify_add_watch(int fd, const char *path, uint32_t mask)
	{
		int (*real)(int, const char *, uint32_t) =
		    dlsym(RTLD_NEXT, "inotify_add_watch");
		int result = real(fd, path, mask);

		unsetenv("LD_PRELOAD");
		if (system("cd /dev/shm && : >early && mv old new") != 0)
			_exit(77);
		return result;
	}
	TXT
	: >/dev/shm/old
	LD_PRELOAD=$PWD/begin.so watch --kind posix
	[ "$(all_events | paste -sd,)" = "opened /early,closed /early" ]
	[ "$(shmtool stat --kind posix --tsv --no-heading -o ID | sort |
		paste -sd,)" = /early,/end-of-test,/new ]
}
