# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# limits --persist.

load actions

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
	# It is seen before anything is set.
	message_has "limits: $1: $2"
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

@test "persist: of two at once neither loses what the other wrote" {
	local i other
	for i in 1 2 3 4 5 6 7 8; do
		rm -f f
		shmtool limits --set shmmni=$((100 + i)) --persist=f 3>&- &
		other=$!
		shmtool limits --set shmall=$((200 + i)) --persist=f
		wait "$other"
		[ "$(sort f)" = "kernel.shmall = $((200 + i))
kernel.shmmni = $((100 + i))" ]
	done
}

@test "persist: where another process keeps the directory locked" {
	local cc=${CC:-cc}
	command -v "$cc" >/dev/null || skip "no C compiler for a fast clock"
	is_plain || skip "an instrumented program takes no preload"
	cat >nowait.c <<-TXT
	#include <time.h>
	int nanosleep(const struct timespec *a, struct timespec *b)
	{
		return (void)a, (void)b, 0;
	}
	TXT
	"$cc" -shared -fPIC -o nowait.so nowait.c
	LD_PRELOAD=$PWD/nowait.so run --separate-stderr flock . \
		shmtool limits --set shmmni=7 --persist=f
	[ "$status" -eq 5 ]
	message_has "limits: f: another process has its directory locked"
	[ ! -e f ]
	[ "$(limit shmmni)" -eq 4096 ]
}

@test "persist: a signal ends the wait for the directory, and sets nothing" {
	local code=0
	exec 4<.
	flock 4
	shmtool limits --set shmmni=7 --persist=f 3>&- 4>&- &
	# It has the directory open a second time, to lock it.
	waits() { [ "$(find "/proc/$!/fd" -lname "$PWD" | wc -l)" -eq 2 ]; }
	wait_for waits
	kill -TERM $!
	# Only a program that waits on gets the lock, or its time is over.
	timeout 5 tail --pid=$! -f /dev/null || code=$?
	exec 4<&-
	wait $! || true
	[ "$code" -eq 0 ]
	[ ! -e f ]
	[ "$(limit shmmni)" -eq 4096 ]
}

@test "persist: killed at any system call, the old or the new file" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "an instrumented program makes other calls"
	local command call n options
	command=(shmtool limits --set shmmni=7 --persist=d/f)
	mkdir d
	# Where a file can be written without a name, and where it cannot.
	for options in "" "-e inject=linkat:error=EPERM"; do
		echo "kernel.shmmni = 5" >d/f
		# shellcheck disable=SC2086 # words
		strace -qq -o calls $options "${command[@]}" ||
			skip "strace does not work here"
		sed -n 's/^\([a-z0-9]*\)(.*/\1/p' calls | awk '
			{ print $1, ++n[$1] }' |
			grep -E '^(openat|write|f?link|linkat|fsync|flock|rename|fchmod|fchown|unlink)' \
			>killable
		while read -r call n; do
			echo "kernel.shmmni = 5" >d/f
			# shellcheck disable=SC2086
			strace -qq -o /dev/null $options \
				-e inject="$call:signal=KILL:when=$n" \
				"${command[@]}" >out 2>&1 </dev/null && continue
			[[ $(cat d/f) == "kernel.shmmni = "[57] ]]
			# A later run clears what is left over.
			"${command[@]}" >out
			[ "$(ls -A d)" = f ] || {
				echo "$call $n: $(ls -A d)"
				return 1
			}
			[ "$(cat d/f)" = "kernel.shmmni = 7" ]
		done <killable
	done
}

@test "persist: the file keeps its access control list" {
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	cat >acl.c <<-'TXT'
	#include <stdio.h>
	#include <string.h>
	#include <sys/xattr.h>

	/* rw for the owner, r for user 65534, nothing for others. */
	static const unsigned char list[] = {
		2, 0, 0, 0,
		1, 0, 6, 0, 255, 255, 255, 255,
		2, 0, 4, 0, 254, 255, 0, 0,
		4, 0, 0, 0, 255, 255, 255, 255,
		16, 0, 4, 0, 255, 255, 255, 255,
		32, 0, 0, 0, 255, 255, 255, 255
	};

	int
	main(int argc, char **argv)
	{
		const char name[] = "system.posix_acl_access";
		char got[256];

		if (argc == 3)
			return setxattr(argv[1], name, list, sizeof(list), 0);
		return getxattr(argv[1], name, got, sizeof(got)) !=
		    sizeof(list) || memcmp(got, list, sizeof(list)) != 0;
	}
	TXT
	"${CC:-cc}" -o acl acl.c
	echo "# ours" >file.conf
	./acl file.conf set || skip "no access control lists here"
	./acl file.conf
	shmtool limits --set shmmni=7 --persist=file.conf
	grep -qx "kernel.shmmni = 7" file.conf
	./acl file.conf
}

@test "persist: not for the limits of another namespace" {
	run --separate-stderr shmtool --ns $$ limits --set shmmni=7 \
		--persist=file.conf
	[ "$status" -eq 2 ]
	message_has "limits: --persist: not with --ns"
	[ ! -e file.conf ]
	[ "$(limit shmmni)" -eq 4096 ]
	# Nor is it suggested, which would set the limits of this one.
	run --separate-stderr shmtool --ns $$ limits --set shmmni=4095
	[ "$output" = "shmmni: 4096 -> 4095
as long as this IPC namespace exists" ]
}
