# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# Bytes that were made to hurt: in operands, values and file names, in the
# environment, and in the names of users and commands where other files do
# not look.  What comes out is safe for a terminal, for TSV and for JSON.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	# A thousand runs are too many of those.
	! is_valgrind || nasty=("${nasty[@]:0:3}")
}

long=$(printf '%04096d' 0 | tr 0 x)
nasty=(
	$'\033[2J\033]0;title\007'	# a terminal's own language
	$'two\nlines'			# a message that is not ours
	$'tab\tand\rreturn'
	$'\377\376\300\257\355\240\200'	# no UTF-8
	$'\302\233\177\001'		# C1, DEL, C0
	$'cut\303'			# half a character
	'"quo\te"{}[],:'
	"\$(touch pwned)\`touch pwned\`;'"
	'%s%n%1000000d'
	$'-\033'
	''
	"$long"
	"$long"$'\033\377'
)

# No byte in these files does more to a terminal than end a line, in this
# locale (C) or another.
safe() {
	! grep -aqP '[\x00-\x09\x0b-\x1f\x7f-\xff]' "$@" || {
		grep -anP '[\x00-\x09\x0b-\x1f\x7f-\xff]' "$@" |
			head -n 3 | cat -v >&2
		return 1
	}
}

# Runs a command for 20 seconds at most.  Not by timeout(1): that of the Rust
# coreutils refuses arguments that are not UTF-8.
limited() {
	perl -e 'alarm 20; exec @ARGV' "$@"
}

# Runs shmtool with a hostile word: it ends in time with one of the statuses
# 0 to 6, with no more than messages of ours on stderr, all of it safe; tabs
# are TSV's.  The environment is that of the test with $settings for env(1).
settings=()
meets() {
	local status=0
	limited env "${settings[@]}" shmtool "$@" >raw 2>err </dev/null ||
		status=$?
	tr '\t' ' ' <raw >out
	if ((status > 6)) || ! safe out err || [ -e pwned ] ||
		grep -qv '^shmtool: ' err; then
		echo "status $status of:$(printf ' %q' "$@" | head -c 200)" >&2
		head -c 300 err | cat -v >&2
		return 1
	fi
}

@test "hostile: operands, commands and values of every command" {
	id=$(shmtool create -s 4096)
	for word in "${nasty[@]}"; do
		meets "$word"
		meets "--$word"
		meets "help" "$word"
		for verb in attach write read stat rm set save; do
			meets "$verb" "$word"
			meets "$verb" "--no$word" "$id"
			meets "$verb" "ftok:$word:$word"
		done
		meets create -s "$word"
		meets create -k "$word" -s 1
		meets create -m "$word" -s 1
		meets create -u "$word:$word" -s 1
		meets create --id "$word" -s 1
		meets attach -a "$word" "$id"
		meets write -o "$word" "$id"
		meets read -t "$word" "$id"
		meets stat -o "$word"
		meets stat --sort "$word"
		meets stat --owner "$word" --idle "$word"
		meets rm --creator "$word"
		meets rm --min-size "$word"
		meets set -m "$word" "$id"
		meets limits --set "$word"
		meets limits --advise="$word"
		meets limits --check -w "$word"
	done
	[ "$(segments)" -eq 1 ]
}

@test "hostile: files that are not there" {
	id=$(shmtool create -s 4096)
	for word in "${nasty[@]}"; do
		meets --ns "./$word" stat
		meets create -f "./$word"$'\033'
		meets create -i "./$word"$'\033'
		meets write -f "./$word"$'\033' "$id"
		meets read -O "./$word"$'\033/out' "$id"
		meets save "./$word"$'\033' "$id"
		meets rm -v --save "./$word"$'\033' "$id"
		meets restore "./$word"$'\033'
		meets limits --set shmmni=77 --persist="./$word"$'\033/x'
	done
	[ "$(segments)" -eq 1 ]
}

@test "hostile: files that are there do their work, and are shown safely" {
	for word in $'esc\033[2J' $'two\nlines' $'bad\377\302' '"quote"' \
		'%n' "${long:0:200}"; do
		printf contents >"$word"
		mkdir "$word.d"
		id=$(shmtool create -i "$word")
		shmtool write -f "$word" "$id"
		shmtool read -O "$word.out" "$id"
		cmp "$word" "$word.out"
		meets save -v "$word.d" "$id"
		grep -q "^$id: saved as " out
		[ "$(wc -l <out)" -eq 1 ]
		meets rm -v -f --save "$word.d" "$id"
		grep -q "^removed $id .* saved as " out
		[ "$(wc -l <out)" -eq 1 ]
		id=$(shmtool restore "$word.d/$id-"*.meta)
		rm "$word.d"/*
		limited shmtool rm --json --save "$word.d" "$id" >out
		perl -MJSON::PP -0777 -e '
			my $saved = decode_json(<STDIN>)->{segments}[0]{saved};
			$saved =~ m|^\Q$ARGV[0]\E| or
			    $ARGV[0] =~ /[\x80-\xff]/ or die $saved' \
			"$word.d" <out
		! grep -aqP '[\x00-\x09\x0b-\x1f\x7f]' out
		[ "$(wc -l <out)" -eq 1 ]
	done
}

@test "hostile: the environment changes nothing that it is not for" {
	! is_valgrind || skip "valgrind itself needs a TMPDIR"
	id=$(shmtool create -s 4096)
	shmtool write -s 'some text' "$id"
	# Without what changes by itself, as IDLE does.
	for line in "stat -o ID,KEY,OWNER,PERMS,SIZE,RSS" \
		"stat --tsv -o ID,ATIME,CTIME" \
		"stat --json -c" "limits" "limits --json" "read $id" \
		"read -x $id" "rm -fv 99" "help stat"; do
		# shellcheck disable=SC2086 # words
		shmtool $line >wanted
		for word in "${nasty[@]}" 0 -1 99999999999999999999; do
			# shellcheck disable=SC2086
			env LANG="$word" LANGUAGE="$word" COLUMNS="$word" \
				LINES="$word" TERM="$word" HOME="$word" \
				TMPDIR="$word" NO_COLOR="$word" \
				SHMTOOL_ID="$word" LOCPATH="$word" \
				POSIXLY_CORRECT="$word" \
				timeout 20 shmtool $line >out 2>err
			cmp out wanted
			[ ! -s err ]
		done
	done
}

@test "hostile: a locale that is none, and a time zone that is none" {
	id=$(shmtool create -s 4096)
	for word in "${nasty[@]}"; do
		for name in LC_ALL LC_CTYPE TZ; do
			settings=("$name=$word")
			[ $name != LC_CTYPE ] || settings=(-u LC_ALL "${settings[@]}")
			meets stat "$id"
			meets stat -t
			meets stat --json "$id"
			meets stat "$word"
		done
	done
}

@test "hostile: with POSIXLY_CORRECT nothing is taken for what it is not" {
	id=$(shmtool create -s 4096)
	POSIXLY_CORRECT=1 run --separate-stderr shmtool rm "$id" -n
	[ "$status" -eq 2 ]
	[ "$(segments)" -eq 1 ]
	POSIXLY_CORRECT=1 run shmtool rm -n "$id"
	[ "$status" -eq 0 ]
	[ "$(segments)" -eq 1 ]
	POSIXLY_CORRECT=1 run shmtool create -s 1 -- echo -n word
	[ "$output" = word ]
}

@test "hostile: the name that it is called by" {
	for word in "${nasty[@]}"; do
		# shellcheck disable=SC2016 # the inner shell's
		run --separate-stderr bash -c \
			'exec -a "$0" shmtool stat --nosuch' "$word"
		[ "$status" -eq 2 ]
		message_has "shmtool: stat: --nosuch"
	done
}

@test "hostile: command names in changes, labels and refusals" {
	id=$(shmtool create -s 4096)
	for word in "${nasty[@]:0:6}"; do
		NAME=$word hold "$id"
		meets rm "$id"
		meets stat -P
		meets stat -P --tsv
		meets stat "$id"
		meets limits --prometheus
		release
	done
	shmtool stat -w >out 2>err 3>&- &
	local watcher=$!
	settle
	NAME=$'a\033[2J\nb' hold "$id"
	wait_for grep -q attached out
	kill "$watcher"
	wait "$watcher" || true
	safe out err
}

@test "hostile: names of users, in every place where one is told" {
	needs_root
	needs_mounts
	local name
	export -f safe meets limited
	for name in $'a\033[2J' $'bad\377\302' '"},{' "$long" "$long"$'\033'; do
		id=$(shmtool create -s 4096)
		shmtool set -u 4242:4242 -m 0644 "$id"
		{ cat /etc/passwd; echo "$name:x:4242:4242::/:/bin/sh"; } >passwd
		{ cat /etc/group; echo "$name:x:4242:"; } >group
		# shellcheck disable=SC2016 # the inner shell's
		unshare --mount bash -c '
			mount --bind passwd /etc/passwd &&
				mount --bind group /etc/group || exit
			meets stat && meets stat "$0" && meets stat --tsv &&
				timeout 20 shmtool stat --json "$0" >json &&
				meets stat --owner "$(id -nu 4242)" &&
				meets create -k 0x55 -s 1 -u 4242 &&
				meets create -k 0x55 -s 1 &&
				meets rm -v "$0" 0x55' "$id"
		[ "$(segments)" -eq 0 ]
		! grep -aqP '[\x00-\x09\x0b-\x1f\x7f]' json
		perl -MJSON::PP -0777 -ne 'decode_json($_)' json
	done
}

@test "hostile: no umask opens what is made to others" {
	umask 0
	id=$(shmtool create -s 4096)
	[ "$(of_id perms "$id")" = 600 ]
	shmtool read -O out "$id"
	shmtool save . "$id"
	[ -z "$(find . -type f -perm /077)" ]
}

@test "hostile: run set-user-id or set-group-id it refuses" {
	needs_root
	is_plain || skip "the program's own file is needed"
	chmod 755 .
	install "$(command -v shmtool)" suid
	for bits in u+s g+s; do
		chown 65534:65534 suid
		chmod 0755 suid
		chmod "$bits" suid
		run --separate-stderr ./suid create -s 4096
		[ "$status" -eq 4 ] ||
			skip "set-user-id has no effect here"
		message_has "refuses to run set-user-id"
		[ "$(segments)" -eq 0 ]
	done
}

@test "hostile: run with capabilities of its file it refuses" {
	needs_root
	is_plain || skip "the program's own file is needed"
	command -v setcap >/dev/null || skip "no setcap here"
	chmod 755 .
	install "$(command -v shmtool)" capable
	setcap cap_ipc_lock+ep capable || skip "no capabilities of files here"
	run --separate-stderr setpriv --reuid=65534 ./capable create -s 4096
	[ "$status" -eq 4 ] || skip "capabilities of files have no effect here"
	message_has "refuses to run with capabilities of its file"
	[ "$(segments)" -eq 0 ]
}

@test "hostile: a closed standard descriptor, and no /dev/null for it" {
	needs_mounts
	! is_valgrind || skip "valgrind fills it itself"
	# shellcheck disable=SC2016 # the inner shell's
	run --separate-stderr unshare --mount sh -c \
		'mount -t tmpfs none /dev && exec shmtool --version <&-'
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	message_has "shmtool: /dev/null: No such file"
	run unshare --mount sh -c \
		'mount -t tmpfs none /dev && exec shmtool --version <&- 2>&-'
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	run shmtool --version <&-
	[ "$status" -eq 0 ]
}

# As a sandbox may have it: shmctl(2) filtered, and nothing in its stead.
@test "hostile: where no segment can be looked at each command says so" {
	needs_mounts
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	local line
	shmtool create -k 0x4d2 -s 1
	for line in stat "stat -P" "stat -u" "stat -w" "rm -n --unattached" \
		"rm 0x4d2" "save --all ." "limits" "limits --usage" "limits -m" \
		"limits --prometheus" "create -k 0x4d2 -s 1 -- true" \
		"limits --set shm_rmid_forced=1"; do
		# shellcheck disable=SC2016 # the inner shell's
		run --separate-stderr timeout 20 unshare --mount bash -euc '
			mount -t tmpfs none /proc/sysvipc
			exec strace -f -qq -o calls -e trace=shmctl \
				-e inject=shmctl:error=EPERM \
				shmtool $0' "$line"
		grep -q INJECTED calls || skip "strace cannot inject here"
		# That one only cannot tell whose the key is.
		if [[ $line == create* ]]; then
			[ "$status" -eq 125 ]
			message_has "create: 0x4d2: File exists"
		else
			[ "$status" -eq 4 ]
			message_has "shmtool: ${line%% *}: " \
				"Operation not permitted"
		fi
		[ -z "$output" ]
	done
	[ "$(segments)" -eq 1 ]
}

# fuse_gone: a process that has a file without links open, below a mount that
# was taken away and whose server answers no more.
fuse_gone() {
	local ready="$BATS_TEST_TMPDIR/open" mount="$BATS_TEST_TMPDIR/mount"
	mkdir "$mount"
	unshare --mount perl -e '
		my ($where, $ready, $none, $type) = (@ARGV, "none", "fuse");
		open my $dev, "+<", "/dev/fuse" or exit 1;
		my $data = "fd=" . fileno($dev) .
		    ",rootmode=40000,user_id=0,group_id=0";
		syscall(165, $none, $where, $type, 0, $data) == 0 or exit 1;
		if (fork == 0) {
			close $dev;
			open my $f, "<", "$where/f" or die;
			syscall 166, $where, 2;	# MNT_DETACH
			open my $r, ">", $ready or die;
			my $parent = getppid;
			sleep 1 while getppid == $parent;
			exit;
		}
		my $attributes = pack "Q6 L10", 2, (0) x 8, 0100644, (0) x 4,
		    4096, 0;
		my %answers = (	# INIT, LOOKUP and OPEN
			26 => pack("L4 S2 L2 S2 L8", 7, 31, (0) x 4, 4096,
			    (0) x 11),
			1 => pack("Q4 L2", 2, 0, 1000, 1000, 0, 0) .
			    $attributes,
			14 => pack("Q L2", 1, 0, 0));
		until (-e $ready) {
			my $in = "";
			vec($in, fileno($dev), 1) = 1;
			select $in, undef, undef, 0.1 or next;
			sysread $dev, my $request, 65536 or last;
			my ($call, $number) = unpack "x4 L Q", $request;
			my $answer = $answers{$call} // "";
			syswrite $dev, pack("L l Q", 16 + length $answer, 0,
			    $number) . $answer;
		}
		sleep 1 while 1' "$mount" "$ready" 3>&- &
	holders+=("$!")
	wait_for test -e "$ready" -o ! -e "/proc/$!"
	[ -e "$ready" ] || skip "no FUSE can be mounted here"
}

@test "hostile: a server of files that answers no more, of no mount" {
	needs_root "mounts a FUSE"
	[ "$(uname -m)" = x86_64 ] || skip "knows the system calls of x86-64"
	[ "$(printf '6.1\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.1 ] ||
		skip "before Linux 6.1 tmpfs does not tell its attributes"
	fuse_gone
	run --separate-stderr timeout -k 1 30 shmtool stat --kind deleted
	[ "$status" -eq 0 ]
	run --separate-stderr timeout -k 1 30 shmtool stat -u --kind all
	[ "$status" -eq 0 ]
}
