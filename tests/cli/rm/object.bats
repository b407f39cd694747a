# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2154
#
# rm of POSIX objects by name and by filter, and rm --save of them: saved
# first, and removed only if they are unchanged and unused then.

load ../common
load ../saved

setup() {
	objects_setup
}

test_teardown() {
	clear_shm
}

# What is in /dev/shm.
objects() {
	find /dev/shm -mindepth 1 -printf '%f\n' | sort | tr '\n' ' '
}

# part EXPRESSION: of the JSON in $output, as JSON.
part() {
	PART=$1 perl -MJSON::PP -0ne '
		print JSON::PP->new->canonical->allow_nonref->encode(
			eval "decode_json(\$_)->$ENV{PART}"), "\n"' \
		<<<"$output"
}

@test "rm --save: an object is saved and removed, and both are said" {
	make_object psm_1 10000
	cp /dev/shm/psm_1 "$BATS_TEST_TMPDIR/was"
	run --separate-stderr shmtool rm -v --save "$dir" /psm_1
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output == "removed /psm_1 (9.8K, owner $(id -un)), saved as $dir/psm_1-"* ]]
	[ -z "$(objects)" ]
	name=$(basename "$dir"/*.meta .meta)
	restores_object "$BATS_TEST_TMPDIR/was"
}

@test "rm: the line for cron removes leaked objects, and no others" {
	for object in psm_old psm_new psm_used other sem.psm; do
		make_object "$object" 4096
	done
	head -c 32 /dev/zero >/dev/shm/psm_sem
	hold_open psm_used
	make_later
	touch -d '+90 minutes' /dev/shm/psm_new
	run --separate-stderr later shmtool rm --kind posix --unattached --idle 1h \
		--name 'psm_*' --yes </dev/null
	[ "$status" -eq 0 ]
	message_has "rm: /psm_sem: kept: a named semaphore"
	[ -z "$output" ]
	[ "$(objects)" = "other psm_new psm_sem psm_used sem.psm " ]
	grep -q "^shmtool rm --kind posix --unattached --idle 1h --name 'psm_\*'" \
		"$BATS_TEST_DIRNAME/../../../man/shmtool-rm.1"
}

@test "rm --all --kind: every object, but never a semaphore" {
	make_segment
	make_object one
	make_object two
	head -c 32 /dev/zero >/dev/shm/sem.a
	run --separate-stderr shmtool rm --all --kind posix --name 'o*' -y
	[ "$status" -eq 2 ]
	message_has "rm: --all: takes no filters but --kind"
	shmtool rm --all -y
	[ "$(segments):$(objects)" = "0:one sem.a two " ]
	hold_open sem.a
	run --separate-stderr shmtool rm -n --name '*.a' --json
	[[ $output == *'"kept"'*"\"attachments\": [{\"pid\": $holder,"* ]]
	release
	make_segment
	shmtool save --all --kind posix "$dir"
	[ "$(names | grep -o '[a-z.]*\.shm' | wc -l)" -eq 3 ]
	run --separate-stderr shmtool rm --kind posix --all -y
	[ "$status" -eq 0 ]
	message_has "rm: /sem.a: kept: a named semaphore"
	[ "$(segments):$(objects)" = "1:sem.a " ]
	make_object one
	shmtool rm --all --kind sysv,posix -f -y 2>/dev/null
	[ "$(segments):$(objects)" = "0:sem.a " ]
}

@test "rm --save: by filter, as the cron line with a copy" {
	for object in psm_1 psm_2 other; do
		make_object "$object" 4096
		cp "/dev/shm/$object" "$BATS_TEST_TMPDIR/$object"
	done
	make_later
	run --separate-stderr later shmtool rm --kind posix --unattached --idle 1h \
		--name 'psm_*' --yes --save "$dir" --json </dev/null
	[ "$status" -eq 0 ]
	[ "$(objects)" = "other " ]
	for i in 0 1; do
		[ "$(part "{segments}[$i]{result}")" = '"removed"' ]
		[ "$(part "{segments}[$i]{kind}")" = '"posix"' ]
		[ "$(part "{segments}[$i]{name}")" = "\"/psm_$((i + 1))\"" ]
		[ "$(part "{segments}[$i]{path}")" = "\"/psm_$((i + 1))\"" ]
		[[ $(part "{segments}[$i]{dev}") =~ ^[0-9]+$ ]]
		[[ $(part "{segments}[$i]{inode}") =~ ^[0-9]+$ ]]
		name=$(part "{segments}[$i]{saved}" | tr -d '"')
		name=${name##*/}
		restores_object "$BATS_TEST_TMPDIR/psm_$((i + 1))"
	done
}

@test "rm --save: what is in use is kept, and no files are written" {
	make_object a
	hold_open a
	run --separate-stderr shmtool rm --save "$dir" /a
	[ "$status" -eq 5 ]
	message_has "rm: /a: kept: in use by" "$holder (perl)"
	[ "$(objects)" = "a " ]
	[ -z "$(names)" ]
	run --separate-stderr shmtool rm -n /a
	[ "$status" -eq 5 ]
	[[ $output == *$'\n'"keep    /a "*$'\n'"would remove 0 of 1, 0" ]]
	run --separate-stderr shmtool rm --json /a
	[ "$(part '{segments}[0]{result}')" = '"kept"' ]
	[ "$(part '{segments}[0]{attachments}[0]{pid}')" = "$holder" ]
	[ "$(part '{segments}[0]{attachments}[0]{fds}')" = 1 ]
	[ "$(part '{segments}[0]{attachments}[0]{maps}')" = 0 ]
	[ "$(part '{segments}[0]{attachments}[0]{address}')" = null ]
	# By force the memory stays until the process ends.
	run --separate-stderr shmtool rm -f --save "$dir" /a
	[ "$status" -eq 0 ]
	message_has "rm: /a: removed, still used by" \
		"$holder (perl)"
	[ -z "$(objects)" ]
	[ "$(names | wc -w)" -eq 2 ]
}

@test "rm --save: no save, no removal" {
	make_object a
	run --separate-stderr shmtool rm --save "$dir/nowhere" /a
	[ "$status" -eq 1 ]
	message_has "rm: /a: not saved, so not removed: $dir/nowhere: No such"
	needs_mounts
	make_object b 1M
	run --separate-stderr unshare -m sh -c '
		mount -t tmpfs -o size=256k none "$0" || exit 77
		shmtool rm --save "$0" /b
		s=$?
		ls -A "$0"
		exit $s' "$dir"
	[ "$status" -ne 77 ] || skip "no tmpfs can be mounted here"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "rm: /b: not saved, so not removed:" "No space left"
	[ "$(objects)" = "a b " ]
}

# What a process may do to the object /a while it is saved: each keeps it.
changes=(
	'printf x >>/dev/shm/a'
	'printf x | dd of=/dev/shm/a conv=notrunc status=none'
	'truncate -s 2M /dev/shm/a'
	'chmod 0640 /dev/shm/a'
	'ln /dev/shm/a /dev/shm/b'
	# As a store into a page that is present, which leaves no time stamp.
	': <>/dev/shm/a'
)

@test "rm --save: an object that is changed while it is saved is kept" {
	can_inject
	for change in "${changes[@]}"; do
		rm -f /dev/shm/*
		make_object a 1M
		for call in pwrite64:when=2 linkat:when=1; do
			stopped_at "$call" "$change" \
				shmtool rm --save "$dir" /a
			[ "$status" -eq 5 ] || {
				echo "$change at $call: $status: $stderr"
				return 1
			}
			message_has "rm: /a: kept: it was changed while it"
			[ -e /dev/shm/a ]
			[ -z "$(names)" ]
			rm -f /dev/shm/b
		done
	done
	# What a filter has chosen is kept without a failure.
	stopped_at pwrite64:when=2 'printf x >>/dev/shm/a' \
		shmtool rm -y --save "$dir" --name a
	[ "$status" -eq 0 ]
	message_has "rm: /a: kept: it was changed while it was saved"
	[ -z "$(names)" ]
}

# What a process does that uses the object /a for longer.
# shellcheck disable=SC2016
user='sleep 60 </dev/shm/a >/dev/null 2>&1 & echo $! >"$BATS_TEST_TMPDIR/user"'

@test "rm --save: an object that is opened while it is saved is kept" {
	can_inject
	make_object a 1M
	stopped_at pwrite64:when=2 "$user" shmtool rm --save "$dir" /a
	kill "$(cat "$BATS_TEST_TMPDIR/user")"
	[ "$status" -eq 5 ]
	message_has "rm: /a: kept: in use by" "(sleep)"
	[[ $stderr != *saved* ]]
	[ "$(objects)" = "a " ]
	[ -z "$(names)" ]
}

@test "rm --save: what is kept after it was saved has a copy, and just one" {
	can_inject
	make_object a 1M
	shmtool save "$dir" /a
	name=$(basename "$dir"/*.meta .meta)
	for change in "$user" 'printf x | dd of=/dev/shm/a conv=notrunc' \
		'chmod 0640 /dev/shm/a'; do
		cp /dev/shm/a "$BATS_TEST_TMPDIR/was"
		stopped_at renameat:when=1 "$change 2>/dev/null" \
			shmtool rm --save "$dir" /a
		[ "$change" != "$user" ] || kill "$(cat "$BATS_TEST_TMPDIR/user")"
		[ "$status" -eq 5 ]
		message_has "rm: /a: kept: " "; saved as $dir/$name"
		[ "$(names | wc -w)" -eq 2 ]
		restores_object "$BATS_TEST_TMPDIR/was"
	done
}

@test "rm --save: what is only read meanwhile is removed" {
	can_inject
	make_object a 1M
	stopped_at pwrite64:when=2 'cat /dev/shm/a >/dev/null' \
		shmtool rm --save "$dir" /a
	[ "$status" -eq 0 ]
	[ -z "$(objects)" ]
	[ "$(names | wc -w)" -eq 2 ]
}

@test "rm --save: an object replaced while it is saved keeps its successor" {
	can_inject
	make_object a 1M
	cp /dev/shm/a "$BATS_TEST_TMPDIR/was"
	make_object b 4096
	stopped_at pwrite64:when=2 'mv /dev/shm/b /dev/shm/a' \
		shmtool rm --save "$dir" /a
	[ "$status" -eq 3 ]
	[ "$(objects)" = "a " ]
	[ "$(stat -c %s /dev/shm/a)" -eq 4096 ]
	[ -z "$(names)" ]
	# After the save the copy of what somebody else removed stays.
	make_object a 1M
	cp /dev/shm/a "$BATS_TEST_TMPDIR/was"
	make_object b 4096
	stopped_at renameat:when=1 'mv /dev/shm/b /dev/shm/a' \
		shmtool rm --save "$dir" /a
	[ "$status" -eq 3 ]
	message_has "rm: /a: it was removed, or another object has its name"
	[ "$(stat -c %s /dev/shm/a)" -eq 4096 ]
	name=$(basename "$dir"/*.meta .meta)
	restores_object "$BATS_TEST_TMPDIR/was"
}

@test "rm --save: killed at every system call, the object or its copy is there" {
	can_inject
	make_object a 16K
	cp /dev/shm/a "$BATS_TEST_TMPDIR/was"
	# How often openat(2) is called depends on the processes there are.
	calls=$(changing_calls shmtool rm --save "$dir" /a | grep -v ^openat)
	[ "$(wc -l <<<"$calls")" -gt 8 ]
	for call in $calls; do
		rm -rf "$dir"
		mkdir "$dir"
		cp "$BATS_TEST_TMPDIR/was" /dev/shm/a
		killed_at "$call" shmtool rm --save "$dir" /a || {
			echo "not killed at $call"
			return 1
		}
		if [ ! -e /dev/shm/a ]; then
			name=$(basename "$dir"/*.meta .meta)
			restores_object "$BATS_TEST_TMPDIR/was"
			continue
		fi
		cmp /dev/shm/a "$BATS_TEST_TMPDIR/was"
		shmtool rm --save "$dir" /a
		[ "$(names | wc -w)" -eq 2 ] || {
			echo "left over from $call: $(names)"
			return 1
		}
	done
}

@test "rm /NAME: killed at every system call, it is there as it was or gone" {
	can_inject
	make_object a 16K
	cp /dev/shm/a "$BATS_TEST_TMPDIR/was"
	calls=$(FROM=/dev/shm system_calls shmtool rm /a | cut -d' ' -f1)
	grep -q ^unlinkat <<<"$calls"
	for call in $calls; do
		rm -f /dev/shm/a
		cp "$BATS_TEST_TMPDIR/was" /dev/shm/a
		killed_at "$call" shmtool rm /a || {
			echo "not killed at $call"
			return 1
		}
		case $(objects) in
		"a ") cmp /dev/shm/a "$BATS_TEST_TMPDIR/was" ;;
		"") ;;
		*) return 1 ;;
		esac
	done
}

@test "rm --save: whatever call fails, the object or its copy is there" {
	can_inject
	make_object a 16K
	cp /dev/shm/a "$BATS_TEST_TMPDIR/was"
	# Those of the look at /proc depend on the processes there are.
	for call in $(system_calls shmtool rm --save "$dir" /a | cut -d' ' -f1 |
		grep -E -e '^(statx|fcntl|inotify_|p?write|pread|fsync|linkat)' \
			-e '^(renameat|unlinkat|ftruncate|poll|lseek)'); do
		rm -rf "$dir"
		mkdir "$dir"
		cp "$BATS_TEST_TMPDIR/was" /dev/shm/a
		with_failing "${call%:*}:error=EIO:when=${call#*:}" \
			shmtool rm --save "$dir" /a >/dev/null 2>&1 || true
		if [ -e /dev/shm/a ]; then
			cmp /dev/shm/a "$BATS_TEST_TMPDIR/was"
		else
			name=$(basename "$dir"/*.meta .meta)
			restores_object "$BATS_TEST_TMPDIR/was"
		fi || { echo "$call: $(names)"; return 1; }
	done
}

@test "rm --save: two at once lose nothing" {
	for ((round = 0; round < 5; round++)); do
		for ((i = 0; i < 20; i++)); do
			echo "number $i" >"/dev/shm/n$i"
		done
		shmtool rm -y --kind posix --save "$dir" 2>/dev/null 3>&- &
		shmtool rm -y --kind posix --save "$dir" 2>/dev/null || true
		wait $! || true
		# What one has disturbed, the other has kept.
		shmtool rm -y --kind posix --save "$dir"
		[ -z "$(objects)" ]
		[ "$(find "$dir" -name '*.meta' | wc -l)" -eq 20 ]
		shmtool restore "$dir"/*.meta >/dev/null
		[ "$(cat /dev/shm/* | sort -V)" = "$(seq -f 'number %g' 0 19)" ]
		rm /dev/shm/* "$dir"/*
	done
}

@test "rm --save: without CAP_LEASE, and by another user" {
	needs_root "for two users"
	make_object a
	chown nobody /dev/shm/a
	# As root of a usual container.
	run --separate-stderr setpriv --bounding-set=-lease \
		--inh-caps=-lease shmtool rm --save "$dir" /a
	[ "$status" -eq 0 ]
	[ -z "$(objects)" ]
	[ "$(names | wc -w)" -eq 2 ]
	make_object b
	chmod 0644 /dev/shm/b
	open_dir=$(mktemp -d)
	chmod 0777 "$open_dir"
	run --separate-stderr without_privilege shmtool rm --save \
		"$open_dir" /b
	left=$(ls -A "$open_dir")
	rm -r "$open_dir"
	[ "$status" -eq 4 ]
	message_has "rm: /b: only its owner root and root may remove it"
	run --separate-stderr without_privilege sh -c \
		'exec 5</dev/shm/b; shmtool rm -n /b'
	[ "$status" -eq 4 ]
	message_has "rm: /b: only its owner root and root may remove it"
	[ "$(objects)" = "b " ]
	[ -z "$left" ]
}

@test "rm --json: what an interruption leaves undone is not-tried" {
	can_inject
	for object in a b c; do make_object "$object" 1M; done
	status=0
	output=$(with_failing pwrite64:signal=TERM:when=20 shmtool rm --json \
		--save "$dir" /a /b /c 2>"$BATS_TEST_TMPDIR/err") || status=$?
	[ "$status" -eq 143 ]
	[ "$(part '{segments}[0]{result}')" = '"removed"' ]
	[ "$(part '{segments}[1]{result}')" = '"failed"' ]
	[ "$(part '{segments}[2]{result}')" = '"not-tried"' ]
	[ "$(part '{segments}[2]{name}')" = '"/c"' ]
	[ "$(part '{segments}[2]{kind}')" = '"posix"' ]
	[ "$(objects)" = "b c " ]
	[ "$(names | wc -w)" -eq 2 ]
}

@test "rm: what only processes in another PID namespace use is kept" {
	local inside=(unshare --pid --fork --mount-proc shmtool rm)
	"${inside[@]}" -h >/dev/null 2>&1 ||
		skip "no PID namespace can be made here"
	make_object hidden
	hold_open hidden
	run --separate-stderr "${inside[@]}" /hidden
	[ "$status" -eq 5 ]
	message_has "rm: /hidden: kept: in use by hidden processes"
	run --separate-stderr "${inside[@]}" -y --kind posix --unattached
	[ "$status" -eq 0 ]
	[ "$(objects)" = "hidden " ]
}

@test "rm: hostile names, and what is no object" {
	for object in $'a\nb' $'\033[1m' -n .hidden $'\377'; do
		make_object "$object" 10
		shmtool rm --save "$dir" "/$object"
		[ -z "$(objects)" ]
	done
	mkdir /dev/shm/dir
	mkfifo /dev/shm/fifo
	ln -s nowhere /dev/shm/link
	for object in dir fifo link; do
		run --separate-stderr timeout 20 shmtool rm "/$object"
		[ "$status" -eq 3 ]
		message_has "rm: /$object: not an object: a"
		# It is not absent, so --force says so too.
		run --separate-stderr timeout 20 shmtool rm -f "/$object"
		[ "$status" -eq 3 ]
		message_has "rm: /$object: not an object: a"
	done
	[ "$(objects)" = "dir fifo link " ]
}

@test "rm: one look at all processes for all objects" {
	can_inject
	for ((i = 0; i < 30; i++)); do
		make_object "n$i" 10
		hold_open "n$i"
	done
	mapfile -t list < <(find /dev/shm -type f -printf '/%f\n')
	strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,open \
		shmtool rm "${list[@]}" 2>"$BATS_TEST_TMPDIR/err" || true
	[ "$(grep -c 'kept: in use by .*perl' "$BATS_TEST_TMPDIR/err")" -eq 30 ]
	[ "$(grep -c "/proc\", \|\"/proc\"" "$BATS_TEST_TMPDIR/trace")" -le 3 ]
	[ "$(objects | wc -w)" -eq 30 ]
}

@test "rm: an unused object that is named costs no look at the processes" {
	can_inject
	make_object unused 10
	strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,open \
		shmtool rm /unused
	! grep -F '"/proc"' "$BATS_TEST_TMPDIR/trace" || false
	[ -z "$(objects)" ]
}

@test "rm: an empty selection of objects is explained" {
	make_object a
	hold_open a
	run --separate-stderr shmtool rm -n --kind posix --unattached
	[ "$status" -eq 0 ]
	[ "$output" = "nothing to remove: 1 would pass but for --unattached" ]
	release
	run --separate-stderr shmtool rm -n --kind posix --unattached \
		--min-size 1G
	[ "$output" = "nothing to remove: 1 would pass but for --min-size" ]
	run --separate-stderr shmtool rm -n --kind posix --stale --idle 0
	[[ $output == "nothing to remove: 1 would be stale but for a creator"* ]]
	# Of the hour too, so that no clause alone prevents it.
	run --separate-stderr shmtool rm -n --kind posix --stale
	[ "$output" = "nothing to remove" ]
}

@test "rm -i: asks about objects by name" {
	needs_terminal
	make_object psm_1 10000
	run script -qec 'shmtool rm -i /psm_1' /dev/null <<<n
	[[ $output == *"remove /psm_1 (9.8K, owner $(id -un))?"* ]]
	[ "$(objects)" = "psm_1 " ]
	make_object used 4096
	hold_open used
	run shmtool rm -fi --kind posix --name used <<<n
	[[ $output == *"remove /used (4.0K, owner $(id -un), in use)? "* ]]
}

@test "rm: an object whose removal is refused is 4, and not in use" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	local line
	make_object psm_1 10
	for line in /psm_1 "-y --name psm_1"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr strace -f -qq -o "$BATS_TEST_TMPDIR/calls" \
			-e inject=unlinkat:error=EPERM shmtool rm $line
		grep -q INJECTED "$BATS_TEST_TMPDIR/calls" || skip "strace cannot inject here"
		[ "$status" -eq 4 ]
		message_has "rm: /psm_1: only its owner"
	done
	[ "$(objects)" = "psm_1 " ]
}

@test "rm: an object that cannot be looked at is not said to be gone" {
	can_inject
	local number looks
	make_object a
	looks=$(strace -e trace=statx shmtool rm /a 2>&1 | grep -c '^statx')
	[ "$looks" -gt 1 ]
	for ((number = 1; number <= looks; number++)); do
		[ -e /dev/shm/a ] || make_object a
		run --separate-stderr strace -qq -o "$BATS_TEST_TMPDIR/calls" \
			-e inject=statx:error=EACCES:when=$number \
			shmtool rm /a
		# Where no lease may be asked for, /proc decides.
		if [ "$status" -eq 0 ]; then
			[ -z "$(objects)" ]
		else
			[[ $(objects) == "a " && $stderr != *"it went"* ]]
		fi
	done
}

# Until the last process waits for a lease to be given back.
waits='for i in {1..50}; do
	! grep -q lease "/proc/$!/wchan" || break
	sleep 0.1
done'

@test "rm: an opener that waits for the removal is reported" {
	can_inject
	make_object a
	# It waits in open(2), behind the last look and before unlinkat(2).
	stopped_at "$(fcntl_of F_GETLEASE)" \
		"cat /dev/shm/a >/dev/null 3>&- & $waits" shmtool rm /a
	[ "$status" -eq 0 ]
	message_has "rm: /a: removed, but a process opened it in the same instant"
	[ -z "$(objects)" ]
}

@test "rm: an opener that waits before the last look keeps the name" {
	can_inject
	make_object a
	stopped_at "$(fcntl_of F_SETLEASE)" "$user; $waits" shmtool rm /a
	kill "$(cat "$BATS_TEST_TMPDIR/user")"
	[ "$status" -eq 5 ]
	message_has "rm: /a: kept: in use by $(cat "$BATS_TEST_TMPDIR/user") "
	[ "$(objects)" = "a " ]
}

@test "rm: what is changed under its lease stays" {
	can_inject
	local change
	for change in 'mv /dev/shm/b /dev/shm/a' 'ln -f /dev/shm/a /dev/shm/b'
	do
		make_object a
		make_object b 4096
		stopped_at "$(fcntl_of F_GETLEASE)" "$change" shmtool rm /a
		[ "$status" -eq 3 ]
		message_has "rm: /a: it was removed, or another object has its name"
		[ -e /dev/shm/a ]
	done
}

@test "rm: the lease of another process is not waited for" {
	make_object a
	# 1024, 1: F_SETLEASE, F_WRLCK.
	perl -e '$SIG{IO} = "IGNORE";
		open my $o, "<", "/dev/shm/a" or die $!;
		fcntl($o, 1024, 1) or die $!;
		open my $f, ">", $ARGV[0] or die $!;
		close $f;
		sleep 1 while 1' "$BATS_TEST_TMPDIR/leased" 3>&- &
	holders+=($!)
	wait_for test -e "$BATS_TEST_TMPDIR/leased"
	run --separate-stderr timeout 20 shmtool rm /a
	[ "$status" -eq 5 ]
	message_has "rm: /a: kept: in use by ${holders[-1]} (perl)"
}

@test "rm: where there are no leases, /proc decides" {
	can_inject
	# In a PID namespace of its own, every process may be looked into.
	local inside=(unshare --pid --fork --mount-proc sh -c 'exec 9<"$0"
		strace -qq -o /dev/null -e trace=all -e "inject=$1" \
			shmtool rm /a') call
	"${inside[@]}" /dev/null getpid:error=EIO 2>/dev/null || [ $? -eq 3 ] ||
		skip "no PID namespace can be made here"
	call=$(fcntl_of F_SETLEASE):error=EINVAL
	make_object a
	run --separate-stderr "${inside[@]}" /dev/shm/a "$call"
	[ "$status" -eq 5 ]
	message_has "rm: /a: kept: in use by " "(strace)"
	"${inside[@]}" /dev/null "$call"
	[ -z "$(objects)" ]
}
