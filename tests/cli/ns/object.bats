# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# --ns PID and stat --all-ns with POSIX objects: each command in the /dev/shm of
# another process, with the rights of its user namespace and never more.

load ../common
load ../saved

setup() {
	needs_own_shm
	needs_mounts
	dir=$BATS_TEST_TMPDIR
	chmod 0711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR/.." "$dir/.." "$dir"
	cd "$dir" || return 1
	echo ours >/dev/shm/ours
}

test_teardown() {
	release
	clear_shm
}

# make_there COMMAND... SCRIPT: a process in namespaces made by COMMAND, in which
# the script was run, until the test ends; $there is its pid.
make_there() {
	local ready="$dir/there.$RANDOM$RANDOM" script=${*: -1}
	: >"$ready"
	chmod 0666 "$ready"
	"${@:1:$#-1}" sh -ec "$script
		echo \$\$ >'$ready'
		exec sleep 1000" 3>&- &
	holders+=($!)
	wait_for test -s "$ready"
	read -r there <"$ready"
	holders+=("$there")
}

# A container of the superuser, or of who runs the test.
make_container() {
	make_there unshare --ipc --mount 'mount -t tmpfs \
		-o mode=1777,size=4m tmpfs /dev/shm; '"${1:-}"
}

# One of an ordinary user, whose own root may mount what he likes.
make_rootless() {
	needs_user_namespace
	has_root || skip "needs a user who is not the superuser"
	make_there without_privilege unshare -Urm --ipc "$1"
}

# What is in its /dev/shm.
there() {
	find "/proc/$there/root/dev/shm" -mindepth 1 -printf '%f\n' | sort |
		tr '\n' ' '
}

# A command there, as the one that this user names it; it may not hang.
ns() {
	run --separate-stderr timeout -s KILL 20 shmtool --ns "$there" "$@"
}

refused() {
	local want=$1
	shift
	ns "$@"
	[ "$status" -eq "$want" ] || { echo "$status: $stderr"; return 1; }
	[ -z "$output" ]
}

@test "--ns PID create: its /dev/shm is too small, and is enlarged there" {
	make_there unshare --ipc --mount 'mount -t tmpfs \
		-o mode=1777,size=4m,nr_inodes=2 tmpfs /dev/shm'
	refused 6 create -s 8M /a
	message_has "mount -o remount,size=8388608 /dev/shm in its namespace"
	ns create -s 1 /a
	[ "$output" = /a ]
	refused 6 create -s 1 /b
	message_has "mount -o remount,nr_inodes=4 /dev/shm in its namespace"
}

@test "--ns PID: no /dev/shm here to mount it at" {
	make_container
	run --separate-stderr timeout -s KILL 20 unshare --mount sh -c '
		mount -t tmpfs none /dev && exec shmtool --ns "$1" create -s 1 /a' \
		sh "$there"
	[ "$status" -eq 1 ]
	message_has "create: $there: /dev/shm: No such file"
}

@test "--ns PID: every command works on the objects of a process" {
	make_container 'echo theirs >/dev/shm/a'
	ns stat --kind posix --tsv --no-heading -o ID,SIZE
	[ "$output" = "/a"$'\t'7 ]
	ns stat /a
	[[ $output == *"size"*"7 bytes"*"used by       no process"* ]]
	ns read /a
	[ "$output" = theirs ]
	ns create /b -s 8192
	[ "$output" = /b ]
	ns write -s hello /b
	[ "$status" -eq 0 ]
	ns set -m 0640 -s 12K /b
	[ "$status" -eq 0 ]
	[ "$(stat -c %a:%s "/proc/$there/root/dev/shm/b")" = 640:12288 ]
	ns attach -t 0 /b
	[[ $output == /b* ]]
	ns create /large -s 8M
	[ "$status" -eq 6 ]
	message_has "/dev/shm has 4194304, " "mount -o remount,size="
	mkdir saved
	ns save saved --name 'b'
	[ "$status" -eq 0 ]
	ns restore --as /c "$output.meta"
	[ "$output" = /c ]
	ns rm /b
	[ "$status" -eq 0 ]
	ns restore "saved/$(basename saved/*.meta)"
	[ "$output" = /b ]
	ns read -n 5 /c
	[ "$output" = hello ]
	[ "$(there)" = "a b c " ]
	ns rm --name '[bc]' --yes
	[ "$status" -eq 0 ]
	[ "$(there)" = "a " ]
	# And ours has seen nothing of it.
	[ "$(ls -A /dev/shm)" = ours ]
}

@test "--ns PID: who has an object open there, and rm refuses it" {
	make_container 'echo theirs >/dev/shm/a; exec 9</dev/shm/a'
	ns rm /a
	[ "$status" -eq 5 ]
	message_has "rm: /a:" "$there (sleep)"
	[ "$(there)" = "a " ]
}

@test "--ns PID: stat -w follows the objects there" {
	make_container
	shmtool --ns "$there" stat -w --kind posix --tsv >"$dir/events" 3>&- &
	holders+=($!)
	settle
	: >"/proc/$there/root/dev/shm/new"
	: >/dev/shm/old
	: >"/proc/$there/root/dev/shm/last"
	wait_for grep -q $'created\t.*/last' "$dir/events"
	grep -q $'created\t.*/new' "$dir/events"
	run ! grep -q /old "$dir/events"
}

@test "--ns PID: no mount stays behind, though mounts here are shared" {
	make_container
	unshare -m sh -ec '
		mount --make-rshared /
		cat /proc/self/mountinfo >before
		shmtool --ns "$1" stat --kind posix >/dev/null
		cat /proc/self/mountinfo >after' sh "$there"
	cmp before after
}

@test "--ns PID: a segment needs no /dev/shm, an object does" {
	needs_root "the mount of /dev/shm goes"
	make_there unshare --ipc --mount 'umount -l /dev/shm; umount -l /dev/shm
		shmtool create -s 5 >/dev/null
		mount -t ramfs ramfs /dev/shm 2>/dev/null ||
			mount --bind /proc /dev/shm'
	ns stat --tsv --no-heading -o SIZE
	[ "$output" = 5 ]
	refused 1 stat --kind posix
	message_has "stat: $there: no tmpfs is mounted at its /dev/shm"
}

@test "--ns: what cannot be for objects is 2" {
	make_container
	run --separate-stderr shmtool --ns "/proc/$there/ns/ipc" rm /a
	[ "$status" -eq 2 ]
	message_has "rm: /a: --ns PATH names no /dev/shm"
	run --separate-stderr shmtool --ns "/proc/$there/ns/ipc" stat \
		--kind posix
	[ "$status" -eq 2 ]
	refused 2 create /x -s 1 -- true
	message_has "create: /x: --ns goes with /NAME or with COMMAND"
	refused 2 attach /x -- true
	message_has "attach: /x: --ns goes with /NAME or with COMMAND"
	refused 2 stat --all-ns --kind posix
	run --separate-stderr shmtool stat --all-ns /ours
	[ "$status" -eq 2 ]
	message_has "stat: --all-ns:" "--name GLOB"
	[ "$(there)" = "" ]
}

@test "--ns PID: a rootless container, by root and by who made it" {
	make_rootless 'mount -t tmpfs tmpfs /dev/shm; echo theirs >/dev/shm/a'
	ns stat --tsv --no-heading -o ID,OWNER /a
	[ "$output" = /a$'\t'root ]
	ns create /b -s 1
	[ "$output" = /b ]
	# Of who runs the container, not of the superuser.
	[ "$(stat -c %u "/proc/$there/root/dev/shm/b")" = 65534 ]
	run --separate-stderr without_privilege shmtool --ns "$there" rm /b
	[ "$status" -eq 0 ]
	run --separate-stderr without_privilege shmtool --ns "$there" read /a
	[ "$output" = theirs ]
	[ "$(there)" = "a " ]
	run --separate-stderr setpriv --reuid=65533 --regid=65533 \
		--clear-groups shmtool --ns "$there" read /a
	[ "$status" -eq 4 ]
}

@test "--ns PID: those in a rootless container cannot trace who enters it" {
	make_rootless 'mount -t tmpfs tmpfs /dev/shm; echo theirs >/dev/shm/a'
	shmtool --ns "$there" attach /a >line 3>&- &
	holders+=($!)
	wait_for test -s line
	run without_privilege nsenter -t "$there" -U --preserve-credentials -- \
		readlink "/proc/$there/root"
	[ "$status" -eq 0 ] || skip "the user namespace cannot be joined here"
	run without_privilege nsenter -t "$there" -U --preserve-credentials -- \
		readlink "/proc/${holders[-1]}/root"
	[ "$status" -ne 0 ]
}

@test "--ns PID: files of others, bound to names there, are not reached" {
	echo secret >"$dir/secret"
	chmod 0600 "$dir/secret"
	make_rootless 'mount -t tmpfs tmpfs /dev/shm; echo below >/dev/shm/a
		: >/dev/shm/b
		mount --bind /etc/passwd /dev/shm/a
		mount --bind '"'$dir/secret'"' /dev/shm/b'
	ns read /a
	[ "$output" = below ]
	ns read /b
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	ns stat --kind posix --tsv --no-heading -o ID,SIZE
	[ "$output" = /a$'\t6\n'/b$'\t'0 ]
	ns write -s x /a
	ns rm -f /a /b
	[ "$status" -eq 0 ]
	[ "$(cat "$dir/secret")" = secret ]
}

@test "--ns PID: a tmpfs of others, bound over /dev/shm there" {
	needs_root "files of others are made"
	mkdir other
	mount -t tmpfs -o mode=0777 tmpfs other
	echo secret >other/secret
	chmod 0600 other/secret
	make_rootless 'mount --bind '"'$dir/other'"' /dev/shm'
	refused 4 read /secret
	refused 4 set -m 0666 /secret
	refused 4 write -s x /secret
	refused 4 save "$dir" /secret
	# That a name goes from a directory that all may write is that user's
	# right.
	chmod 0755 other
	refused 4 rm -f /secret
	[ "$(cat other/secret)" = secret ]
	umount -l other
}

@test "--ns PID: the superuser's groups are not taken along" {
	needs_root "a group is given up"
	mkdir other
	mount -t tmpfs tmpfs other
	echo secret >other/secret
	chown root:4242 other/secret
	chmod 0640 other/secret
	make_rootless 'mount --bind '"'$dir/other'"' /dev/shm'
	run --separate-stderr setpriv --groups 4242 shmtool --ns "$there" \
		read /secret
	[ "$status" -eq 4 ]
	umount -l other
}

@test "--ns PID: links to other places at /dev, /dev/shm and names" {
	# In a root of its own, each has a link where the mount would be.
	local prepare='mount -t tmpfs tmpfs "$dir/root"; cd "$dir/root"
		mkdir dev run; mount -t tmpfs tmpfs run; echo x >run/a
		mkdir run/shm; echo x >run/shm/a'
	mkdir root
	export dir
	for link in 'ln -s ../run dev/shm' 'ln -s /run dev/shm' \
		'rmdir dev; ln -s run dev' 'rmdir dev; ln -s /dev dev' \
		'ln -s /dev/shm dev/shm' 'ln -s /proc/1/root/dev/shm dev/shm'; do
		# A link that was followed before is in the cache.
		make_there unshare --ipc --mount "$prepare; $link
			find dev dev/shm -maxdepth 0 -printf '%l\n' >/dev/null"
		nsenter --mount="/proc/$there/ns/mnt" perl -e '
			chroot $ARGV[0] or die $!; chdir "/"; $| = 1;
			print "$$\n"; sleep 1000' "$dir/root" >chrooted 3>&- &
		holders+=($!)
		wait_for test -s chrooted
		there=$!
		refused 1 stat --kind posix
		message_has "$there: no tmpfs is mounted at its /dev/shm"
		: >chrooted
	done
	make_container 'ln -s /etc/passwd /dev/shm/l'
	refused 3 read /l
	message_has "not an object: a symbolic link has this name"
}

# never_answers WHERE MODE: a file system there of which no request is answered.
never_answers() {
	[ -w /dev/fuse ] || skip "needs FUSE"
	make_there unshare --ipc --mount "$3
		exec 8<>/dev/fuse
		mount -i -t fuse -o fd=8,rootmode=$2,user_id=0,group_id=0 \
			none $1"
}

@test "--ns PID: a mount that never answers, at /dev, /dev/shm and a name" {
	needs_root "FUSE is mounted by the superuser"
	never_answers /dev 40000
	refused 1 stat --kind posix
	message_has "no tmpfs is mounted at its /dev/shm"
	never_answers /dev/shm 40000
	refused 1 stat --kind posix
	message_has "no tmpfs is mounted at its /dev/shm"
	never_answers /dev/shm/a 100000 'mount -t tmpfs tmpfs /dev/shm
		echo below >/dev/shm/a'
	ns read /a
	[ "$output" = below ]
	ns rm -v /a
	[ "$status" -eq 0 ]
}

@test "--ns PID: a process of ours in a mount namespace of others is 4" {
	make_rootless 'mount -t tmpfs tmpfs /dev/shm; echo theirs >/dev/shm/a'
	nsenter --mount="/proc/$there/ns/mnt" sleep 1000 3>&- &
	holders+=($!)
	wait_for grep -qx sleep "/proc/$!/comm"
	there=$!
	refused 4 read /a
	message_has "read: $there: "
}

@test "--ns PID: where the kernel cannot look into its cache alone" {
	command -v strace >/dev/null || skip "needs strace"
	is_plain || skip "the program has to be the child of strace"
	make_container
	run --separate-stderr strace -qq -o calls -e trace=openat2 \
		-e inject=openat2:error=EINVAL \
		shmtool --ns "$there" stat --kind posix
	[ "$status" -eq 1 ]
	message_has "stat: $there: its /dev/shm cannot be reached safely"
}

@test "stat --all-ns: every /dev/shm once, with a process of each" {
	make_container 'echo theirs >/dev/shm/a'
	local first=$there
	make_container 'echo theirs >/dev/shm/a'
	local second=$there
	# Another mount namespace, but the same tmpfs.
	make_there unshare --mount ''
	run --separate-stderr shmtool stat --all-ns --kind posix --tsv \
		--no-heading -o ID,NS,NSPID
	[ "$status" -eq 0 ]
	[[ $output == /ours$'\t'"$(stat -Lc %i /proc/self/ns/mnt)"* ]]
	for pid in "$first" "$second"; do
		grep -qx "/a	$(stat -Lc %i "/proc/$pid/ns/mnt")	$pid" \
			<<<"$output"
	done
	[ "$(grep -c ^/ours <<<"$output")" -eq 1 ]
	shmtool create -s 5 >/dev/null
	run --separate-stderr shmtool stat --all-ns --kind all --tsv \
		--no-heading -o KIND,ID,NS
	grep -qx "sysv	[0-9]*	$(stat -Lc %i /proc/self/ns/ipc)" <<<"$output"
	grep -qx "posix	/ours	$(stat -Lc %i /proc/self/ns/mnt)" <<<"$output"
	[ "$(shmtool stat --tsv --no-heading --kind posix -o NS)" = - ]
}

@test "stat --all-ns: a rootless container, a hanging one, one without" {
	make_rootless 'mount -t tmpfs tmpfs /dev/shm; echo theirs >/dev/shm/r'
	local rootless=$there
	if [ -w /dev/fuse ]; then never_answers /dev 40000; fi
	make_there unshare --mount 'mount --bind /proc /dev/shm'
	run --separate-stderr timeout 60 shmtool stat --all-ns --kind posix \
		--tsv --no-heading -o NSPID,ID
	[ "$status" -eq 0 ]
	[[ $'\n'$output == *$'\n'$rootless$'\t'/r* ]]
	run ! grep -q "^$there" <<<"$output"
	run --separate-stderr without_privilege shmtool stat --all-ns \
		--kind posix --json
	[[ $output == '{"complete": false, '* ]]
	[[ $stderr == *"may not be read"* ]]
}

@test "--ns PID: what is mounted there later does not appear here" {
	needs_root "the mount is shared"
	can_inject
	# After its copy is made, and after the copy is mounted here.
	for call in open_tree move_mount; do
		make_container 'mount --make-shared /dev/shm
			echo first >/dev/shm/x'
		rm -f log
		strace -f -o log -e trace=open_tree,move_mount \
			-e inject=$call:delay_exit=2000000 \
			shmtool --ns "$there" read -s /x >out 3>&- &
		wait_for grep -q $call log
		nsenter -m -t "$there" sh -c 'mount -t tmpfs tmpfs /dev/shm
			echo second >/dev/shm/x'
		wait $!
		[ "$(cat out)" = first ]
	done
}

@test "stat --all-ns: a namespace that gives no answer in time is told of" {
	command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
	is_plain || skip "a preload in an instrumented program"
	make_container 'echo theirs >/dev/shm/a'
	# Of all but the first one, which is ours, time is over at once.
	"${CC:-cc}" -shared -fPIC -o late.so -x c - <<-'TXT'
	#define _GNU_SOURCE
	#include <sys/stat.h>
	#include <dlfcn.h>
	#include <errno.h>
	#include <unistd.h>
	static int forks;
	pid_t fork(void)
	{
		forks++;
		return ((pid_t (*)(void))dlsym(RTLD_NEXT, "fork"))();
	}
	ssize_t read(int fd, void *buffer, size_t n)
	{
		struct stat st;
		if (forks > 1 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode)) {
			errno = EAGAIN;
			return -1;
		}
		return ((ssize_t (*)(int, void *, size_t))
		    dlsym(RTLD_NEXT, "read"))(fd, buffer, n);
	}
	TXT
	run --separate-stderr env LD_PRELOAD="$dir/late.so" \
		shmtool stat --all-ns --kind posix --json
	[ "$status" -eq 0 ]
	[[ $stderr == *"may not be entered, or did not answer"* ]]
	[[ $output == '{"complete": false,'*'"/ours"'* ]]
}

@test "stat --all-ns: where no mount namespace can be made the rest is listed" {
	make_rootless 'mount -t tmpfs -o mode=1777 tmpfs /dev/shm
		echo 0 >/proc/sys/user/max_mnt_namespaces'
	run --separate-stderr shmtool stat --all-ns --kind posix --json
	[ "$status" -eq 0 ]
	[[ $stderr == *"may not be entered, or did not answer"* ]]
	[[ $output == '{"complete": false,'*'"/ours"'* ]]
}
