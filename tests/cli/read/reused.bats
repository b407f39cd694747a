# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031
#
# The id is given to another, smaller segment between two system calls of
# shmtool, as root of another IPC namespace can do.

load ../common

file_setup() {
	cd "$BATS_FILE_TMPDIR" || return
	is_plain || return 0
	command -v cc >/dev/null || return 0
	cat >reuse.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

/* Just before the first attach, segment REUSE becomes one of a page. */
void *
shmat(int id, const void *at, int flags)
{
	static void *(*real)(int, const void *, int);
	char text[16];
	int fd, length;

	if (real == NULL && getenv("REUSE") != NULL) {
		shmctl(id, IPC_RMID, NULL);
		fd = open("/proc/sys/kernel/shm_next_id", O_WRONLY);
		length = snprintf(text, sizeof(text), "%d", id);
		if (write(fd, text, (size_t)length) != length ||
		    shmget(IPC_PRIVATE, 4096, 0600) != id)
			abort();
		close(fd);
	}
	real = dlsym(RTLD_NEXT, "shmat");
	return real(id, at, flags);
}
END
	cc -shared -fPIC -o reuse.so reuse.c -ldl
	head -c 1M /dev/urandom >data
}

# Runs shmtool on segment $id of 1 MiB, which is replaced as it is attached.
reusing() {
	[ -w /proc/sys/kernel/shm_next_id ] || skip "no shm_next_id"
	[ -e reuse.so ] || skip "needs a C compiler and a program that takes a preload"
	id=$(shmtool create -s 1M)
	shmtool write -zA "$id"
	LD_PRELOAD=$PWD/reuse.so REUSE=1 run --separate-stderr shmtool "$@" "$id"
	[ "$status" -eq 3 ]
	message_has "shmtool: $1: $id: segment $id was removed, and another one has its id"
	[ "$(of_id bytes "$id")" -eq 4096 ]
	ipcrm -m "$id"
}

@test "read: of a segment whose id was reused nothing is read (3)" {
	reusing read --raw
	[ -z "$output" ]
	reusing read -x
	[ -z "$output" ]
	reusing read -o 500K -n 4
	[ -z "$output" ]
	reusing read -O out
	[ ! -e out ]
	reusing read -w
	[ -z "$output" ]
}

@test "write: into a segment whose id was reused nothing is written (3)" {
	reusing write -f data
	reusing write -z
	reusing write -s hello
	reusing write -f - < <(cat data)
}
