#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# POSIX objects across the verbs: hostile names, what is planted under a name,
# other users, and a full /dev/shm.

load common
load saved

setup() {
	needs_own_shm
	clear_shm
}

test_teardown() {
	clear_shm
}

# No control character but newlines, and as many lines as are expected.
is_safe() {
	if [ "$(wc -l <"$1")" -ne "$2" ] || LC_ALL=C grep -q '[[:cntrl:]]' "$1"
	then
		cat -v "$1"
		return 1
	fi
}

# The life of an object of this name: create, write, read, attach, stat, set,
# rm; what is printed in lines is safe.
live() {
	local name=/$1 out="$BATS_TEST_TMPDIR/out"
	shmtool create "$name" -s 5 >"$out"
	printf '%s\n' "$name" | cmp - "$out"
	[ -f "/dev/shm$name" ]
	shmtool write -s hello "$name"
	[ "$(shmtool read -s "/dev/shm$name")" = hello ]
	shmtool attach -t 0 "$name" >"$out"
	is_safe "$out" 1
	shmtool stat "$name" >"$out"
	is_safe "$out" "$(wc -l <"$out")"
	[ "$(grep -c '^name ' "$out")" -eq 1 ]
	shmtool stat --kind posix 2>/dev/null >"$out"
	is_safe "$out" 2
	shmtool stat --kind posix --json >"$out"
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0];
		my $s = decode_json(<$f>)->{segments}[0];
		my $name = $s->{name};
		utf8::encode($name);
		$name = pack "H*", $s->{name_hex} if defined $s->{name_hex};
		exit($name ne $ARGV[1])' "$out" "$name"
	shmtool set -s 6 -m 0640 "$name"
	[ "$(stat -c '%s %a' "/dev/shm$name")" = "6 640" ]
	run --separate-stderr shmtool create "$name" -s 1
	[ "$status" -eq 5 ]
	[[ $stderr == shmtool:* && $stderr != *[[:cntrl:]]* ]]
	shmtool create "$name" -s 1 -e >/dev/null
	shmtool rm "$name"
	[ ! -e "/dev/shm$name" ]
	[ "$(shmtool create "$name" -s 5 -- sh -c '
		[ -f "/dev/shm$SHMTOOL_NAME" ] && echo here')" = here ]
	[ -z "$(ls -A /dev/shm)" ]
}

@test "object names: a newline" { live $'two\nlines'; }
@test "object names: an escape sequence" { live $'\e[31mred\e[0m\e]0;title\a'; }
@test "object names: 255 bytes" { live "$(printf '%0255d' 0)"; }
@test "object names: an option" { live -n; }
@test "object names: --help" { live --help; }
@test "object names: blanks" { live ' a  b '; }
@test "object names: bytes that are no UTF-8" { live $'\xff\xfe\x80'; }
@test "object names: a hidden file, and digits" { live .1234; }
@test "object names: a pattern" { live '*[a-z]?'; }
@test "object names: text of the right-to-left kind" { live $'a\u202eb'; }

# fails STATUS COMMAND...: one message, nothing printed, nothing changed.
fails() {
	local expected=$1 before
	shift
	before=$(ls -lA /dev/shm)
	run --separate-stderr "$@"
	echo "exit $status: $*: $output $stderr"
	[ "$status" -eq "$expected" ]
	[ -z "$output" ]
	message_has "shmtool: "
	[ "$(ls -lA /dev/shm)" = "$before" ]
}

@test "objects: what is planted under a name is no object for any verb" {
	local name what
	mkdir /dev/shm/dir
	mkfifo /dev/shm/fifo
	echo secret >"$BATS_TEST_TMPDIR/secret"
	ln -s "$BATS_TEST_TMPDIR/secret" /dev/shm/link
	ln -s nothing /dev/shm/dangling
	perl -MSocket -e 'socket my $s, AF_UNIX, SOCK_STREAM, 0 or die;
		bind $s, sockaddr_un("/dev/shm/socket") or die'
	for name in dir fifo link dangling socket; do
		case $name in
		dir) what="a directory" ;;
		*link | dangling) what="a symbolic link" ;;
		*) what="a FIFO, a socket or a device" ;;
		esac
		fails 3 timeout 60 shmtool read "/$name"
		message_has "$what has this name"
		fails 3 timeout 60 shmtool write -s x "/$name"
		fails 3 timeout 60 shmtool attach -t 0 "/$name"
		fails 3 timeout 60 shmtool set -m 0666 "/$name"
		fails 3 timeout 60 shmtool set -s 0 "/$name"
		fails 5 timeout 60 shmtool create -s 1 "/$name"
		fails 5 timeout 60 shmtool create -e -s 1 "/$name"
		run --separate-stderr timeout 60 shmtool stat "/$name"
		[ "$status" -eq 3 ]
		run --separate-stderr timeout 60 shmtool rm -f "/$name"
		[ "$status" -ne 0 ]
		[ -e "/dev/shm/$name" ] || [ -L "/dev/shm/$name" ]
	done
	[ "$(cat "$BATS_TEST_TMPDIR/secret")" = secret ]
	[ -z "$(shmtool stat --kind posix --no-heading 2>/dev/null)" ]
}

@test "objects: a full /dev/shm, and each verb" {
	needs_mounts
	cat >"$BATS_TEST_TMPDIR/full" <<-'TXT'
		set -eu
		mount -t tmpfs -o size=64k,mode=1777 tmpfs /dev/shm
		head -c 32K /dev/urandom >/dev/shm/data
		shmtool create /sparse -s 64K --no-reserve
		shmtool create /rest -s 32K
		[ "$(df --output=avail /dev/shm | tail -n 1)" -eq 0 ]
		check() {
			expected=$1 code=0
			shift
			"$@" >/dev/null 2>message || code=$?
			[ "$code" -eq "$expected" ] && return
			echo "$*: exit $code" && cat message
			exit 1
		}
		check 6 shmtool create /more -s 1
		grep -q 'dev_shm_size=65537' message
		check 6 shmtool set -s 128K /data
		check 6 shmtool write -z1 /sparse
		grep -q 'dev_shm_size=' message
		check 6 shmtool write -s x /sparse
		check 0 shmtool write -z1 /data
		check 0 shmtool write -z1 /rest
		check 0 shmtool create /none -s 64K --no-reserve
		check 0 shmtool read /sparse
		check 0 shmtool attach -t 0 /sparse
		check 0 shmtool stat --kind posix
		check 0 shmtool stat /sparse
		check 0 shmtool set -s 4096 /data
		check 0 shmtool write -s x /sparse
		check 0 shmtool rm /data /sparse /rest /none
		[ "$(df --output=used /dev/shm | tail -n 1)" -eq 0 ]
	TXT
	cd "$BATS_TEST_TMPDIR"
	unshare --mount sh full
}

@test "objects: a /dev/shm without inodes, and each verb" {
	needs_mounts
	unshare --mount sh -euc '
		mount -t tmpfs -o nr_inodes=2,mode=1777 tmpfs /dev/shm
		shmtool create /x -s 1
		code=0
		shmtool create /y -s 1 2>"$0" || code=$?
		[ "$code" -eq 6 ]
		grep -q "inodes for 2 files" "$0"
		shmtool create /x -s 1 -e
		shmtool set -s 1M -m 0640 /x
		shmtool write -z1 /x
		shmtool attach -t 0 /x
		shmtool rm /x
		shmtool create /y -s 1' "$BATS_TEST_TMPDIR/message"
}

@test "objects: another user's, by each verb" {
	needs_root "becomes another user"
	local other
	other=$(command -v shmtool)
	shmtool create /x -s 5 >/dev/null
	shmtool write -s hello /x
	for verb in read "write -s x" "attach -t 0" "set -m 0666" "set -s 0" \
		"set -s 9" rm; do
		# shellcheck disable=SC2086
		fails 4 without_privilege "$other" $verb /x
	done
	[ "$(cat /dev/shm/x)" = hello ]
	# The facts are for everybody.
	[ "$(without_privilege "$other" stat /x --tsv --no-heading -o SIZE)" = \
		5 ]
	# Where the directory has no sticky bit, all may remove what is in it.
	chmod 0777 /dev/shm
	without_privilege "$other" rm -f /x
	chmod 1777 /dev/shm
	[ ! -e /dev/shm/x ]
}

@test "objects: root without CAP_LEASE, by each verb" {
	needs_root "drops a capability"
	local drop=(setpriv --bounding-set=-lease --inh-caps=-lease)
	shmtool create /x -s 5 -u 12345 >/dev/null
	hold_open x
	run --separate-stderr "${drop[@]}" shmtool rm /x
	[ "$status" -eq 5 ]
	message_has "rm: /x:" "$holder (perl)"
	run --separate-stderr "${drop[@]}" shmtool create /x -s 1
	[ "$status" -eq 5 ]
	message_has "used by $holder (perl)"
	release
	[ "$("${drop[@]}" shmtool stat /x --json |
		perl -MJSON::PP -0ne 'print decode_json($_)->{segments}[0]{in_use}
			? "used" : "unused"')" = unused ]
	"${drop[@]}" shmtool rm /x
	[ ! -e /dev/shm/x ]
	"${drop[@]}" shmtool create /y -s 5 -- true
	[ -z "$(ls -A /dev/shm)" ]
}

@test "objects: in a rootless container, by each verb" {
	needs_user_namespace
	local rootless=(unshare -Ur --mount)
	if [ "$(id -u)" -eq 0 ]; then
		rootless=(without_privilege unshare -Ur --mount)
	fi
	"${rootless[@]}" true || skip "no mount namespace for others here"
	PATH="$PATH" "${rootless[@]}" sh -euc '
		mount -t tmpfs tmpfs /dev/shm
		[ "$(shmtool create /x -s 1M)" = /x ]
		shmtool write -s hello /x
		[ "$(shmtool read -s /x)" = hello ]
		shmtool set -s 4096 -m 0644 /x
		(exec 9</dev/shm/x; code=0
		shmtool rm /x 2>/dev/null || code=$?
		[ "$code" -eq 5 ])
		shmtool rm /x
		shmtool create /y -s 1 -- true
		[ -z "$(ls -A /dev/shm)" ]'
}

@test "read and write: an object that shrinks before it is opened" {
	can_inject
	local line
	echo input >"$BATS_TEST_TMPDIR/in"
	for line in "read" "read -x" "read -O $BATS_TEST_TMPDIR/out" \
		"write -f $BATS_TEST_TMPDIR/in -o 9000"; do
		truncate -s 10000 /dev/shm/x
		# After its size was looked at for the first time.
		# shellcheck disable=SC2086
		stopped_at sysinfo:when=1 'truncate -s 4096 /dev/shm/x' \
			shmtool $line /x
		[ "$status" -eq 1 ]
		message_has "${line%% *}: /x: became shorter, after 0 bytes"
	done
	[ "$(stat -c %s /dev/shm/x)" -eq 4096 ]
}

@test "read: a hole that is cut off while it is sent is an error" {
	can_inject
	strace_options=(-P "$BATS_TEST_TMPDIR/out")
	truncate -s 3M /dev/shm/x
	# The second call skips the hole in the output, a file.
	stopped_at lseek:when=2 'truncate -s 4096 /dev/shm/x' shmtool read /x
	[ "$status" -eq 1 ]
	message_has "read: /x: became shorter, after 3145728 bytes"
}

@test "write: an object that shrinks meanwhile does not grow again" {
	can_inject
	strace_options=(-P /dev/shm/x)
	local line
	head -c 3M /dev/urandom >"$BATS_TEST_TMPDIR/in"
	# sendfile(2) is called again after a signal, and its place set before.
	for line in "lseek:when=1 write -f $BATS_TEST_TMPDIR/in" \
		"pwrite64:when=1 write -zA"; do
		truncate -s 3M /dev/shm/x
		# shellcheck disable=SC2086
		stopped_at "${line%% *}" \
			'truncate -s 4096 /dev/shm/x' shmtool ${line#* } /x
		[ "$status" -eq 1 ]
		message_has "write: /x: became shorter, after"
		[ "$(stat -c %s /dev/shm/x)" -eq 4096 ]
	done
}

# leases COMMAND...: how often it was given a lease; fails where anything but a
# look at the object, its removal or its change was done while it had one.
leases() {
	strace -qq -o "$BATS_TEST_TMPDIR/trace" "$@" >/dev/null 2>&1 || return
	perl -ne 'if (/^fcntl.*F_SETLEASE, F_WRLCK\) += 0/) {
			$held = 1;
			$n++;
		} elsif (/^fcntl.*F_SETLEASE, F_UNLCK|^close/) {
			$held = 0;
		} elsif ($held && !/^(fcntl|unlinkat|ftruncate|statx|
		    newfstatat|fstat)\(|^poll\(.*,\ 0\)/x) {
			die "with a lease: $_";
		}
		END { print $n // 0 }' "$BATS_TEST_TMPDIR/trace"
}

@test "objects: a lease is asked for where it is needed, and held for nothing else" {
	can_inject
	local object line
	for object in a b c used; do
		echo contents >"/dev/shm/$object"
	done
	hold_open used
	mkdir "$BATS_TEST_TMPDIR/dir"
	for line in "3 stat --kind posix" "1 stat /a" "1 set -s 1 /a" \
		"3 stat --kind posix --unattached -o ID" \
		"0 stat --kind posix -o ID,SIZE,RSS" \
		"0 stat --kind posix -o ID,FDS,PROCS" \
		"0 read /a" "0 write -s x /a" \
		"0 save $BATS_TEST_TMPDIR/dir /a" "1 rm -v /a"; do
		# shellcheck disable=SC2086
		[ "$(leases shmtool ${line#* })" = "${line%% *}" ] || {
			echo "$line"
			return 1
		}
	done
	# Where /proc shows a user, the kernel is not asked.
	leases shmtool stat /used
	run ! grep F_SETLEASE "$BATS_TEST_TMPDIR/trace"
	leases shmtool rm -y --save "$BATS_TEST_TMPDIR/dir" --kind posix \
		--unattached
	[ "$(ls /dev/shm)" = used ]
}

@test "rm: a user whom /proc hides keeps an object where no lease can be had" {
	needs_root "/proc is mounted with hidepid"
	can_inject
	truncate -s 4096 /dev/shm/x
	chown 65534 /dev/shm/x
	local call remove
	call=$(fcntl_of F_SETLEASE):error=EINVAL
	remove="strace -qq -o /dev/null -e inject=$call shmtool rm /x"
	in_hidepid "exec 9</dev/shm/x; without_privilege $remove 9<&-"
	[ "$status" -eq 5 ]
	message_has "rm: /x: kept: in use by hidden processes"
	[ -e /dev/shm/x ]
	in_hidepid "without_privilege shmtool rm /x"
	[ "$status" -eq 0 ]
	[ ! -e /dev/shm/x ]
}
