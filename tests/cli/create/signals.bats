# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# Signals that come while create and attach make a segment ready and start
# COMMAND.  A preloaded library sends them at a known moment.

load ../common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	is_plain || skip "an instrumented program takes no preload"
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	cat >signal.c <<-'TXT'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <signal.h>
	#include <stdlib.h>
	#include <string.h>
	#include <unistd.h>

	/* WHEN is setenv: before COMMAND's environment is set; before: just
	 * before the fork number NTH; child: after it, to the child. */
	static int
	is_time(const char *when)
	{
		return getenv("WHEN") && strcmp(getenv("WHEN"), when) == 0;
	}

	int
	setenv(const char *name, const char *value, int replace)
	{
		int (*next)(const char *, const char *, int) =
		    (int (*)(const char *, const char *, int))
		    dlsym(RTLD_NEXT, "setenv");

		if (is_time("setenv") && strcmp(name, "SHMTOOL_ID") == 0)
			kill(getpid(), SIGTERM);
		return next(name, value, replace);
	}

	pid_t
	fork(void)
	{
		pid_t (*next)(void) = (pid_t (*)(void))dlsym(RTLD_NEXT, "fork");
		static int count;
		int now = ++count == atoi(getenv("NTH"));
		pid_t pid;

		if (now && is_time("before"))
			kill(getpid(), SIGTERM);
		pid = next();
		if (now && pid == 0 && is_time("child"))
			kill(getpid(), SIGINT);
		return pid;
	}
	TXT
	"${CC:-cc}" -shared -fPIC -o signal.so signal.c
}

# A command after the forks that create does: NTH is COMMAND's.
with_signal() {
	run env --default-signal=INT,TERM timeout 20 \
		env LD_PRELOAD="$PWD/signal.so" WHEN="$1" NTH="$2" "${@:3}"
}

@test "create: a signal before COMMAND starts: not started, nothing left" {
	local when key
	for when in setenv before; do
		for key in "" "-k 0x4d2"; do
			# shellcheck disable=SC2086
			with_signal $when 2 shmtool create -s 1 $key -- touch ran
			[ "$status" -eq 143 ] || {
				echo "$when $key: $status $output"
				return 1
			}
			[ -z "$output" ]
			[ ! -e ran ]
			[ "$(segments)" -eq 0 ]
		done
	done
}

@test "attach: a signal before COMMAND starts: not started, not attached" {
	local id when
	id=$(shmtool create -s 1)
	for when in setenv before; do
		with_signal $when 1 shmtool attach "$id" -- touch ran
		[ "$status" -eq 143 ]
		[ ! -e ran ]
		[ "$(of_id nattch "$id")" -eq 0 ]
	done
}

@test "create, attach: a signal to the new child ends it, and no alarm comes" {
	local id
	id=$(shmtool create -s 1)
	with_signal child 2 shmtool create -s 1 -- \
		sh -c 'touch ran; sleep 3; exit 7'
	[ "$status" -eq 130 ]
	[ ! -e ran ]
	with_signal child 1 shmtool attach "$id" -- \
		sh -c 'touch ran; sleep 3; exit 7'
	[ "$status" -eq 130 ]
	[ ! -e ran ]
	[ "$(segments)" -eq 1 ]
}

@test "create: an interrupt to the whole group, at any moment" {
	local i pid
	for ((i = 0; i < 60; i++)); do
		rm -f ran leads
		perl -e 'setpgrp; $SIG{INT} = "DEFAULT"; mkdir "leads";
			exec @ARGV' shmtool create -s 1 -k 0x4d2 -- \
			sh -c 'echo $$ >ran; exec sleep 20' 3>&- &
		pid=$!
		wait_for test -d leads
		rmdir leads
		perl -e 'select undef, undef, undef, $ARGV[0] / 10000' $i
		kill -INT -- "-$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq 130 ] || { echo "$i: $status"; return 1; }
		[ "$(segments)" -eq 0 ]
	done
}

@test "create, attach: COMMAND runs where the parent's pid is 0" {
	local id key
	# Children of shmtool are in a pid namespace that it is not in.
	unshare --pid true || skip "no pid namespace can be made here"
	id=$(shmtool create -s 1)
	run --separate-stderr unshare --pid shmtool attach "$id" -- echo hi
	[ "$status" -eq 0 ]
	[ "$output" = hi ]
	# What remains of an alarm would be its status.
	for key in "" "-k 0x4d2"; do
		# shellcheck disable=SC2086
		run --separate-stderr unshare --pid \
			shmtool create -s 1 $key -- perl -e 'exit alarm 0'
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
	done
	[ "$(segments)" -eq 1 ]
}

@test "create, attach: where waiting for COMMAND is refused they end" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	local id line
	id=$(shmtool create -s 1)
	for line in "create -s 1" "attach $id"; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout -k 1 20 strace -f -qq -o calls \
			-e inject=wait4:error=EPERM shmtool $line -- true
		grep -q INJECTED calls || skip "strace cannot inject here"
		[ "$status" -eq 125 ]
		[[ $stderr == *"true: cannot wait for it: Operation not permitted"* ]]
	done
	[ "$(segments)" -eq 1 ]
}

@test "create: COMMAND's segment that cannot be removed is told of" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	needs_own_shm
	run --separate-stderr strace -f -qq -o calls \
		-e inject=unlinkat:error=EPERM shmtool create /left -s 1 -- true
	grep -q INJECTED calls || skip "strace cannot inject here"
	[ "$status" -eq 0 ]
	[[ $stderr == "shmtool: create: /left was not removed: Operation not"* ]]
	rm /dev/shm/left
	# From the look before the removal on, and from the removal on.
	for when in 2 3; do
		run --separate-stderr strace -f -qq -o calls -e trace=shmctl \
			-e "inject=shmctl:error=EPERM:when=$when+" \
			shmtool create -s 1 -k "$when" -- true
		[ "$status" -eq 0 ]
		[[ $stderr == "shmtool: create: segment "*" was not removed: "* ]]
	done
}
