# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests of save, restore and rm --save share.

# A segment of SIZE bytes and MODE: $id, $key.
make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
	key=$(of_id key "$id")
}

# Random bytes into it: LENGTH [OFFSET].
fill() {
	shmtool write -f /dev/urandom -n "$1" -o "${2:-0}" "$id"
}

# The bytes of a segment, by perl.
by_perl() {
	perl -e 'shmread($ARGV[0], my $b, 0, $ARGV[1]) or die $!; print $b' \
		"${1:-$id}" "$(of_id bytes "${1:-$id}")"
}

# Saves $id into $dir: $name is that of the files, without ending.
save() {
	name=$(shmtool save "$@" "$dir" "$id" 2>/dev/null) || return
	name=${name##*/}
}

# The value of a line of $name.meta.
meta() {
	sed -n "s/^$1 //p" "$dir/$name.meta"
}

# The file of the contents of $name.
contents() {
	echo "$dir/$name$(meta contents)"
}

# Names in $dir, of the hidden ones too.
names() {
	find "$dir" -mindepth 1 -printf '%f\n' | sort | tr '\n' ' '
}

# From now on the file without a name that a command makes is refused it: as an
# option of strace.
refuse_nameless() {
	local call
	call=$(system_calls "$@" | grep -m1 O_TMPFILE)
	call=${call%% *}
	strace_options+=(-e
		inject="${call%:*}:error=EOPNOTSUPP:when=${call#*:}")
}

# Whether what was saved as $name is restored with these contents.
restores_to() {
	local new
	new=$(shmtool restore -k 0x5afe5afe "$dir/$name") || return
	cmp "$1" <(by_perl "$new")
	ipcrm -m "$new"
}

# Runs a command under strace, a system call failing: CALL:error=ERRNO:when=N.
with_failing() {
	strace -qq -o /dev/null -e trace=all -e inject="$1" "${@:2}"
}

# Further options of strace for the two below.
strace_options=()

can_inject() {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "only the program itself is to fail"
	with_failing fsync:error=EIO true || skip "strace does not work here"
}

# The system calls of a command that succeed, from the first about a segment, a
# .meta or $FROM on, as lines "NAME:N ARGUMENTS" for the Nth call of that name.
system_calls() {
	local trace=$BATS_TEST_TMPDIR/trace
	strace -qq -o "$trace" "${strace_options[@]}" "$@" >/dev/null 2>&1 ||
		return
	perl -ne '($name, $rest) = /^(\w+)\((.*)/ or next;
		$n{$name}++;
		$on ||= $name =~ /^shm(ctl|get)$/ ||
		    $rest =~ /\.meta/ ||
		    $ENV{FROM} && $rest =~ /^[^ ]* "$ENV{FROM}"/;
		print "$name:$n{$name} $rest\n" if $on && $name !~ /^exit/ &&
		    $rest !~ / = -1 E/' "$trace"
}

# Of these, NAME:N of those that change something: to be killed after any other
# comes to the same.
changing_calls() {
	system_calls "$@" | perl -ne '($call, $name, $rest) =
		/^((\w+):\d+) (.*)/ or die;
		print "$call\n" if $name =~ /^(?:ftruncate|pwrite64|write|fsync|
		    flock|linkat|rename|renameat2?|unlinkat|shmget|shmat|shmdt|
		    process_vm_writev|fork|clone|pipe2|fallocate|fchmod|fchown|
	    unlink)$/x ||
		    $name eq "openat" && $rest =~ /O_CREAT|O_TMPFILE/ ||
		    $name eq "shmctl" && $rest =~ /IPC_(?:SET|RMID)/'
}

# Runs a command under strace and kills it as it ends the system call NAME:N; what
# it printed until then is in the file "printed".
killed_at() {
	local status=0
	strace -qq -o /dev/null -e trace=all "${strace_options[@]}" \
		-e inject="${1%:*}:signal=KILL:when=${1#*:}" "${@:2}" \
		>"$BATS_TEST_TMPDIR/printed" 2>/dev/null || status=$?
	[ "$status" -eq 137 ]
}

# For tests of objects: an empty /dev/shm, and the folder $dir.
objects_setup() {
	needs_own_shm
	clear_shm
	dir=$BATS_TEST_TMPDIR/dir
	mkdir "$dir"
}

# make_object NAME [BYTES]: an object of random bytes.
make_object() {
	head -c "${2:-10000}" /dev/urandom >"/dev/shm/$1"
}

# Saves the object NAME, with further options: $name as save() does.
save_object() {
	name=$(shmtool save "${@:2}" "$dir" "/$1") || return
	name=${name##*/}
}

# Whether what was saved as $name is restored with the bytes of a file.
restores_object() {
	local status=0
	shmtool restore --as /restored.$$ "$dir/$name" >/dev/null || return
	cmp "$1" /dev/shm/restored.$$ || status=1
	rm /dev/shm/restored.$$
	return "$status"
}

# Runs a command that strace stops at a system call, as NAME:when=N, then, in a
# shell, what changes the world meanwhile, and lets the command go on: $status
# and $stderr are those of the command.  stopped_at CALL CHANGE COMMAND...
stopped_at() {
	local trace=$BATS_TEST_TMPDIR/trace tracer
	: >"$trace"
	strace -o "$trace" -e "trace=${1%%:*}" "${strace_options[@]}" \
		-e inject="${1%%:*}:signal=STOP:${1#*:}" "${@:3}" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	tracer=$!
	wait_for grep -q 'stopped by SIGSTOP' "$trace"
	bash -ec "$2"
	pkill -CONT -P "$tracer"
	status=0
	wait "$tracer" || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
}

# The first call of fcntl(2) of a removal that has this word, as when=N.
fcntl_of() {
	make_object number
	strace -e trace=fcntl shmtool rm /number 2>&1 | grep '^fcntl' |
		grep -n -m1 "$1" | sed 's/:.*//; s/^/fcntl:when=/'
}
