# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# A clock that was set forward makes every process look younger than the
# segments it made: no running process may pass for a reused pid.

load ../common

setup() {
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	is_plain || skip "an instrumented program takes no preload"
	needs_mounts
	cd "$BATS_TEST_TMPDIR" || return 1
	"${CC:-cc}" -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -shared -fPIC \
		-o step.so -x c - -ldl <<-'TXT'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stdlib.h>
	#include <time.h>

	int clock_gettime(clockid_t clock, struct timespec *now)
	{
		int (*real)(clockid_t, struct timespec *) =
		    dlsym(RTLD_NEXT, "clock_gettime");
		int result = real(clock, now);

		if (result == 0 && clock == CLOCK_REALTIME)
			now->tv_sec += atol(getenv("STEP"));
		return result;
	}

	time_t time(time_t *t)
	{
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		if (t != NULL)
			*t = now.tv_sec;
		return now.tv_sec;
	}
	TXT
	perl -e '$| = 1; print shmget(0, 4096, 0600) + 0, "\n"; sleep 300' \
		>id 3>&- &
	maker=$!
	holders+=("$maker")
	wait_for test -s id
	id=$(cat id)
}

# stepped SECONDS FORKS COMMAND...: with the clock set forward so far, on a
# machine that has started so many processes since its boot.
stepped() {
	awk -v forks="$2" '$1 == "processes" { $2 = forks } 1' /proc/stat \
		>proc-stat
	# shellcheck disable=SC2016
	STEP=$1 unshare --mount sh -c '
		mount --bind proc-stat /proc/stat &&
		LD_PRELOAD=$PWD/step.so exec "$@"' sh "${@:3}"
}

# The machine has run for longer than the longest step.
needs_uptime() {
	[ "$(cut -d . -f 1 /proc/uptime)" -gt "$1" ] ||
		skip "this machine booted only just now"
}

@test "clock: a running creator is not reused after a step of 4 s" {
	needs_uptime 10
	run stepped 4 200 shmtool stat -o CCOMMAND --tsv --no-heading
	[ "$status" -eq 0 ]
	[ "$output" = perl ]
	run --separate-stderr stepped 4 200 shmtool rm --creator-dead -y -v
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(segments)" -eq 1 ]
}

@test "clock: rm --stale keeps a running creator's after a step of 600 s" {
	needs_uptime 660
	run --separate-stderr stepped 600 200 \
		shmtool rm --stale --idle 5m --yes --verbose
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(segments)" -eq 1 ]
}

@test "clock: a step from before the boot is seen where pids were used twice" {
	needs_uptime 10
	# By the new clock the machine booted after the segment was made.
	run --separate-stderr stepped 1000000 4000000000 \
		shmtool rm --stale --idle 5m --yes --verbose
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(segments)" -eq 1 ]
}

@test "clock: after a step a creator that exited is stale all the same" {
	kill "$maker"
	wait "$maker" || true
	run --separate-stderr stepped 600 200 \
		shmtool rm --stale --idle 5m --yes --verbose
	[ "$status" -eq 0 ]
	[[ $output == "removed $id "* ]]
	[ "$(segments)" -eq 0 ]
}
