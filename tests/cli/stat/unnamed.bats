#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat of memory that has no name: deleted files, memfds and shared anonymous
# mappings, found in the processes that hold it.

load ../common
load ../unnamed

setup() {
	needs_own_shm
	clear_shm
}

test_teardown() {
	clear_shm
}

# list KINDS COLUMNS [OPTION...]: rows of what $holder has.
list() {
	local kinds=$1 columns=$2
	shift 2
	shmtool stat --kind "$kinds" --pid "$holder" --tsv --no-heading \
		-o "$columns" "$@" 2>/dev/null
}

# as_json KIND COLUMNS: the same as JSON.
as_json() {
	shmtool stat --kind "$1" --pid "$holder" --json -o "$2" 2>/dev/null
}

# The part $PART of the JSON read, as JSON.
json() {
	perl -MJSON::PP -0ne '
		print JSON::PP->new->canonical->allow_nonref->encode(
			eval "decode_json(\$_)->$ENV{PART}"), "\n"'
}

@test "stat --kind deleted: an object whose name was unlinked" {
	hold_unnamed deleted 100000
	[ "$(list deleted ID,PERMS,SIZE,RSS,NATTCH,FDS,PROCS,STATUS)" = \
		"$path"$'\t0600\t100000\t102400\t0\t1\t1\t-' ]
	[ "$(list deleted KIND,OWNER)" = "deleted	$(id -un)" ]
	[ -z "$(list memfd,anon,posix ID)" ]
	hold_unnamed named 100000
	[ -z "$(list deleted ID)" ]
	[ "$(list deleted,posix ID)" = /held ]
}

@test "stat --kind deleted: one that is only mapped" {
	needs_root "map_files"
	hold_unnamed mapped 100000
	[ "$(list deleted SIZE,RSS,NATTCH,FDS,PROCS)" = \
		$'100000\t102400\t1\t0\t1' ]
	[[ $(list deleted ID) == "/proc/$holder/map_files/"*-* ]]
}

@test "stat --kind deleted: mapped by a name that is gone, with another link" {
	needs_root "map_files"
	hold_unnamed linked 5000
	grep -q '/dev/shm/held (deleted)' "/proc/$holder/maps"
	[ -z "$(list deleted ID)" ]
	[ "$(list posix ID)" = /other ]
	rm /dev/shm/other
	[ "$(list deleted SIZE)" = 5000 ]
}

@test "stat --kind deleted: by link count, never by the text of maps" {
	local name='/dev/shm/x (deleted)'
	perl -e 'open my $f, ">", $ARGV[0] or die $!; print $f 1 x 5000' \
		"$name"
	hold_open 'x (deleted)'
	[ -z "$(list deleted ID)" ]
	ln "$name" /dev/shm/other
	rm "$name"
	[ -z "$(list deleted ID)" ]
	rm /dev/shm/other
	[ "$(list deleted SIZE)" = 5000 ]
}

@test "stat --kind deleted: a file of any tmpfs, mounted only there too" {
	needs_mounts
	local ready="$BATS_TEST_TMPDIR/ready"
	mkdir "$BATS_TEST_TMPDIR/mount"
	unshare --mount sh -c 'mount -t tmpfs tmpfs "$1" &&
		exec 3>"$1/file" && echo 12345 >&3 && rm "$1/file" &&
		: >"$2" && exec sleep 100' sh "$BATS_TEST_TMPDIR/mount" \
		"$ready" &
	holder=$!
	holders+=("$holder")
	wait_for test -e "$ready"
	[ "$(list deleted ID,SIZE)" = "/proc/$holder/fd/3	6" ]
}

@test "stat --kind deleted: a file of a tmpfs that is mounted nowhere" {
	needs_mounts
	needs_root "the mount namespace is left again"
	mkdir "$BATS_TEST_TMPDIR/mount"
	unshare --mount sh -c 'mount -t tmpfs tmpfs "$1" &&
		exec 3>"$1/file" && echo 12345 >&3 && rm "$1/file" &&
		exec nsenter --mount="/proc/$2/ns/mnt" sh -c ": >\"\$1\" &&
			exec sleep 100" sh "$3"' sh "$BATS_TEST_TMPDIR/mount" \
		$$ "$BATS_TEST_TMPDIR/ready" &
	holder=$!
	holders+=("$holder")
	wait_for test -e "$BATS_TEST_TMPDIR/ready"
	[ "$(list deleted ID,SIZE)" = "/proc/$holder/fd/3	6" ]
}

@test "stat --kind deleted: mapped, and open where its tmpfs is not mounted" {
	needs_mounts
	needs_root "map_files, and the mount namespace is left again"
	needs_memfd
	mkdir "$BATS_TEST_TMPDIR/mount"
	cat >"$BATS_TEST_TMPDIR/map" <<-'PERL'
	open my $file, "+>", "$ARGV[0]/mount/deleted" or die $!;
	syswrite $file, "x" x 5000;
	syscall(9, 0, 5000, 3, 1, fileno $file, 0) != -1 or die $!;
	close $file;
	unlink "$ARGV[0]/mount/deleted" or die $!;
	open my $ready, ">", "$ARGV[0]/mapped" or die $!;
	sleep 1 while 1;
	PERL
	# The process with the lower number, seen first, leaves the namespace.
	unshare --mount sh -c 'cd "$1" && mount -t tmpfs tmpfs mount &&
		: >mount/open && { perl map "$1" & echo $! >pid; } &&
		exec nsenter --mount="/proc/$2/ns/mnt" sleep 100 3<mount/open' \
		sh "$BATS_TEST_TMPDIR" $$ &
	first=$!
	wait_for test -e "$BATS_TEST_TMPDIR/mapped"
	wait_for grep -qx sleep "/proc/$first/comm"
	holder=$(<"$BATS_TEST_TMPDIR/pid")
	holders+=("$first" "$holder")
	[ "$first" -lt "$holder" ]
	run shmtool stat --kind deleted --tsv --no-heading -o ID,SIZE
	[[ $output == *"/proc/$holder/map_files/"*$'\t5000'* ]]
}

@test "stat --kind deleted: a deleted file on a disk is none" {
	local dir
	dir=$(mktemp -d -p "$BATS_TEST_DIRNAME/../.." 2>/dev/null) ||
		skip "the tree may not be written"
	[ "$(stat -fc %T "$dir")" != tmpfs ] || {
		rmdir "$dir"
		skip "the tree is on a tmpfs"
	}
	sh -c 'exec 3>"$1/file" && rm "$1/file" && : >"$2" &&
		exec sleep 100' sh "$dir" "$BATS_TEST_TMPDIR/ready" &
	holder=$!
	holders+=("$holder")
	wait_for test -e "$BATS_TEST_TMPDIR/ready"
	rmdir "$dir"
	[ -z "$(list deleted ID)" ]
}

@test "stat --kind memfd: size, seals and text" {
	hold_unnamed memfd 100000
	[ "$(list memfd ID,SIZE,RSS,FDS,STATUS)" = \
		"$path"$'\t100000\t102400\t1\t-' ]
	[ "$(as_json memfd ID | PART='{segments}[0]{name}' json)" = \
		'"made by a test"' ]
	hold_unnamed sealed 5000
	[ "$(list memfd SIZE,STATUS)" = $'5000\tsealed' ]
	# It has the seal that forbids seals.
	hold_unnamed unsealable 5000
	[ "$(list memfd SIZE,STATUS)" = $'5000\t-' ]
}

@test "stat --kind deleted: a descriptor opened with O_PATH is no use of it" {
	hold_unnamed deleted 5000
	perl -e 'sysopen my $f, $ARGV[0], 010000000 or die $!;
		open my $ready, ">", $ARGV[1] or die $!;
		close $ready;
		sleep 1 while 1' "$path" "$BATS_TEST_TMPDIR/ready" 3>&- &
	holders+=($!)
	wait_for test -e "$BATS_TEST_TMPDIR/ready"
	[ "$(list deleted ID,FDS)" = "$path"$'\t1' ]
	[ "$(list deleted ID,FDS,PROCS)" = "$path"$'\t1\t1' ]
}

@test "stat --kind deleted: resident, where something is swapped out" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	[ "$(printf '6.5\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.5 ] ||
		skip "no cachestat(2)"
	hold_unnamed deleted 100000
	# Then only cachestat(2) tells.
	run --separate-stderr strace -qq -o "$BATS_TEST_TMPDIR/trace" \
		-e trace=sysinfo -e inject=sysinfo:error=EPERM \
		shmtool stat "$path" --tsv --no-heading -o RSS,SWAP
	grep -q INJECTED "$BATS_TEST_TMPDIR/trace" ||
		skip "strace cannot inject here"
	[ "$output" = $'102400\t0' ]
}

@test "stat --kind anon: a shared anonymous mapping" {
	needs_root "map_files"
	hold_unnamed anon 100000
	[ "$(list anon SIZE,RSS,NATTCH,FDS)" = $'102400\t102400\t1\t0' ]
	[[ $(list anon ID) == "/proc/$holder/map_files/"*-* ]]
	# A private mapping is not shared memory.
	[ "$(list deleted,memfd,anon ID | wc -l)" -eq 1 ]
}

@test "stat --kind: a user sees his own mappings, with what he may know" {
	needs_root "another user"
	needs_memfd
	without_privilege perl -e '$at = syscall 9, 0, 65536, 3, 0x8021, -1, 0;
		$| = 1; print "$$\n"; sleep 1 while 1' \
		>"$BATS_TEST_TMPDIR/ready" 3>&- &
	wait_for test -s "$BATS_TEST_TMPDIR/ready"
	holder=$(<"$BATS_TEST_TMPDIR/ready")
	holders+=("$holder")
	run --separate-stderr without_privilege "$(command -v shmtool)" stat \
		--kind anon --pid "$holder" --tsv --no-heading \
		-o SIZE,RSS,OWNER,IDLE,NATTCH
	[ "$status" -eq 0 ]
		[ "$output" = $'65536\t-\t-\t-\t1' ]
	[[ $stderr == *"not listed: memory held only by "* ]]
}

@test "stat --kind: one row however many processes share it" {
	needs_memfd
	local ready="$BATS_TEST_TMPDIR/ready"
	perl -e '$fd = syscall 319, $name = "shared", 0;
		open my $out, ">&=", $fd; syswrite $out, "x" x 9000;
		fork for 1 .. 2;
		open my $f, ">>", $ARGV[0]; syswrite $f, "."; close $f;
		sleep 1 while getppid != 1; sleep 1 while 1' "$ready" 3>&- &
	holder=$!
	wait_for sh -c "[ \"\$(wc -c <'$ready')\" -eq 4 ]"
	mapfile -t holders < <(echo "$holder"
		pgrep -P "$holder" | while read -r pid; do
			echo "$pid"
			pgrep -P "$pid"
		done)
	[ "${#holders[@]}" -eq 4 ]
	[ "$(list memfd SIZE,RSS,FDS,PROCS)" = $'9000\t12288\t4\t4' ]
	[ "$(shmtool stat -P --kind memfd --pid "$holder" --tsv --no-heading \
		-o PID 2>/dev/null | sort)" = \
		"$(printf '%s\n' "${holders[@]}" | sort)" ]
}

@test "stat --kind: filters, KIND first, and what no such memory has" {
	hold_unnamed deleted 5000
	[ "$(list deleted SIZE --min-size 5000 --max-size 5000)" = 5000 ]
	[ -z "$(list deleted SIZE --min-size 5001)" ]
	[ -z "$(list deleted SIZE --unattached)" ]
	[ -z "$(list deleted SIZE --stale)" ]
	[ -z "$(list deleted SIZE --idle 1h)" ]
	[ "$(list deleted SIZE --owner "$(id -u)")" = 5000 ]
	[ -z "$(list deleted SIZE --not --owner "$(id -u)")" ]
	[ -z "$(list deleted SIZE --not --private)" ]
	[ "$(list deleted KEY,CREATOR,CPID,LPID,DTIME)" = $'-\t-\t-\t-\t-' ]
	[ "$(shmtool stat --kind deleted 2>/dev/null | head -n 1 | xargs)" = \
		"ID OWNER PERMS SIZE RSS NATTCH FDS IDLE PROCS STATUS" ]
	[[ $(shmtool stat --kind deleted,memfd 2>/dev/null) == KIND* ]]
}

@test "stat --kind --json: path, device, inode, in use, and the former name" {
	local out
	hold_unnamed deleted 5000
	out=$(as_json deleted ID,KEY,FDS)
	[ "$(PART='{segments}[0]' json <<<"$out")" = \
		'{"dev":'"$(stat -Lc %d "$path")"',"fds":1,"id":null,"in_use":true,"inode":'"$(stat -Lc %i "$path")"',"key":null,"key_hex":null,"kind":"deleted","name":"/dev/shm/held","path":"'"$path"'"}' ]
}

@test "stat --kind all: every kind together, sums by kind and command" {
	hold_unnamed deleted 5000
	shmtool create -s 4096 >/dev/null
	shmtool create /made -s 8192 >/dev/null
	[[ $(shmtool stat --kind all --tsv --no-heading -o KIND 2>/dev/null |
		sort -u | xargs) == *deleted*posix*sysv* ]]
	[ "$(shmtool stat -u --by KIND --kind all --tsv --no-heading \
		--pid "$holder" 2>/dev/null | cut -f1,2,5)" = \
		$'deleted\t1\t5000' ]
	[ "$(shmtool stat -u --by COMMAND --kind deleted --tsv --no-heading \
		--pid "$holder" 2>/dev/null | cut -f1,2)" = $'perl\t1' ]
	[ "$(shmtool stat -u --by OWNER --kind deleted --tsv --no-heading \
		--pid "$holder" 2>/dev/null | cut -f1,2)" = "$(id -un)	1" ]
}

@test "stat --kind: --watch, rm and --all-ns say why they cannot" {
	local kind
	hold_unnamed deleted 5000
	for kind in deleted memfd sysv,anon; do
		run --separate-stderr timeout 5 shmtool stat -w --kind "$kind"
		[ "$status" -eq 2 ]
		message_has --kind "no event reports memory without a name"
		run --separate-stderr shmtool rm -y --kind "$kind"
		[ "$status" -eq 2 ]
		message_has --kind "it is freed when"
	done
	shmtool create -s 4096 >/dev/null
	shmtool rm -y --kind all
	[ "$(segments)" -eq 0 ]
	[ "$(list deleted SIZE)" = 5000 ]
	run --separate-stderr shmtool --ns $$ stat --kind memfd
	[ "$status" -eq 2 ]
	message_has --kind "belongs to no namespace"
	run --separate-stderr shmtool stat --all-ns --kind memfd
	[ "$status" -eq 2 ]
	message_has --kind "belongs to no namespace"
	run --separate-stderr shmtool --ns $$ read "$path"
	[ "$status" -eq 2 ]
	message_has "$path" "omit --ns"
}

@test "stat: logind removes nothing at logout that has no name" {
	needs_root "changes the owner"
	needs_mounts
	hold_unnamed memfd 4096
	chown 4242 "$path"
	shmtool create -u 4242 -s 4096 /named
	# As where logind runs, with its defaults.
	run unshare --mount sh -c '
		mount -t tmpfs none /run && mount -t tmpfs none /etc &&
		mkdir -p /run/systemd/users /etc/systemd &&
		shmtool stat --json /named "$1" 2>/dev/null' - "$path"
	[ "$(grep -o '"logout_removes": [a-z]*' <<<"$output" | xargs)" = \
		"logout_removes: true logout_removes: false" ]
}

@test "stat --kind: without these kinds no process is looked at" {
	command -v strace >/dev/null || skip "no strace"
	is_plain || skip "an instrumented program opens more"
	hold_unnamed deleted 5000
	shmtool create -s 4096 >/dev/null
	strace -f -e trace=open,openat,openat2 -o "$BATS_TEST_TMPDIR/calls" \
		shmtool stat --kind sysv,posix -o ID,SIZE >/dev/null 2>&1
	run grep -E '"/proc"|/maps|"fd"' "$BATS_TEST_TMPDIR/calls"
	[ "$status" -ne 0 ]
	strace -f -e trace=open,openat,openat2 -o "$BATS_TEST_TMPDIR/calls" \
		shmtool stat --kind deleted -o ID,SIZE >/dev/null 2>&1
	grep -q '"/proc"' "$BATS_TEST_TMPDIR/calls"
}

@test "stat --kind deleted: a mounted file system that is no tmpfs is not asked" {
	needs_root "a ramfs is mounted"
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	# shellcheck disable=SC2016
	unshare --mount sh -euc '
		mount -t ramfs ramfs /mnt
		exec 5>/mnt/gone
		rm /mnt/gone
		strace -f -qq -o "$0" -e trace=fstatfs \
			shmtool stat --kind deleted --tsv -o ID >"$0.rows"
		! grep -qx "/proc/$$/fd/5" "$0.rows" || exit 1' \
		"$BATS_TEST_TMPDIR/trace" 2>/dev/null
	! grep RAMFS "$BATS_TEST_TMPDIR/trace" || false
}
