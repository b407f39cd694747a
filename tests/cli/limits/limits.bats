# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# The reports of limits beside those of the installed ipcs, byte for byte,
# over states that a paste could not hold.

load ../common

setup() {
	sysctl=/proc/sys/kernel
	[ -w $sysctl/shmmni ] || skip "the limits of this namespace are fixed"
	export sysctl
}

test_teardown() {
	release
}

# One report is what ipcs prints.
same_report() {
	cmp -s <(shmtool limits "$@") <(ipcs "$@") || {
		echo "limits $* differs from ipcs $*:" >&2
		diff <(shmtool limits "$@") <(ipcs "$@") | cat -vet >&2
		return 1
	}
}

same_limits() {
	same_report -l && same_report -l -b && same_report -l --human
}

same_segments() {
	same_report -m && same_report -m -b && same_report -m --human
}

export -f same_report same_limits same_segments

# COUNT segments with keys, modes and sizes of many kinds.
make_many() {
	perl -e 'for (1 .. $ARGV[0]) {
		my $key = unpack "l", pack "L", $_ * 0x01234567 % 0xfffffff1;
		defined shmget($key, $_ * $_, 0x200 | ($_ * 7) % 512)
		    or die "shmget: $!\n";
	}' "$1"
}

# KEY SIZE MODE, a private one of one byte by default; its id is in $id.
make_segment() {
	id=$(perl -e 'my $key = unpack "l", pack "L", oct($ARGV[0] // 0);
		print shmget($key, $ARGV[1] // 1, 0x200 |
		    oct($ARGV[2] // "600")) // die "shmget: $!\n"' -- "$@")
}

# A shell in a mount namespace of its own.
apart() {
	timeout 60 unshare -m bash -euc "$@"
}

@test "limits: both reports, one after the other" {
	make_many 3
	cmp <(shmtool limits) <(ipcs -l; ipcs -m)
	cmp <(shmtool limits -l -m) <(ipcs -l; ipcs -m)
	cmp <(shmtool limits -b) <(ipcs -l -b; ipcs -m -b)
	cmp <(shmtool limits --human) <(ipcs -l --human; ipcs -m --human)
	cmp <(shmtool limits --limits --bytes) <(ipcs -l -b)
	cmp <(shmtool limits --segments) <(ipcs -m)
}

@test "limits: no segment" {
	same_segments
	[ "$(shmtool limits -m | wc -l)" -eq 4 ]
}

@test "limits: one segment, of one byte" {
	make_segment
	same_segments
}

@test "limits: three hundred, then with holes, then with slots used again" {
	make_many 300
	same_segments
	ipcs -m | awk '/^0x/ && NR % 3 == 0 { print $2 }' |
		xargs -n 50 printf -- '-m %s ' | xargs ipcrm
	same_segments
	perl -e 'for (1 .. 40) { shmget(0, 5000, 0600) }'
	same_segments
}

@test "limits: more slots than segments" {
	perl -e 'my @id = map { shmget(0, 1, 0600) } 1 .. 2000;
		for my $i (0 .. $#id) { shmctl($id[$i], 0, 0) if $i % 400 }'
	[ "$(segments)" -eq 5 ]
	same_segments
}

@test "limits: more than one buffer of rows" {
	make_many 2000
	same_report -m
}

@test "limits: locked, dest, both, and attached" {
	make_segment 0x11 4096
	ipcs -m | grep -q "$id"
	shmtool set --lock "$id"
	make_segment 0x12 4096
	hold "$id"
	same_segments
	ipcrm -m "$id"
	make_segment 0x13 4096
	shmtool set --lock "$id"
	hold "$id"
	hold "$id"
	ipcrm -m "$id"
	ipcs -m | grep -q 'dest   locked'
	same_segments
}

@test "limits: every permission, mode 0 too" {
	local mode
	for mode in 0 1 7 10 70 100 600 644 666 700 777; do
		make_segment 0 4096 "$mode"
	done
	same_segments
}

@test "limits: keys with the highest bit" {
	make_segment 0xf63829c0
	make_segment 0xffffffff
	make_segment 0x7fffffff
	same_segments
}

# Sizes up to what memory need not back.
@test "limits: sizes from one byte to the largest" {
	local size sizes="1 2 1023 1024 1025 1075 1076 1077 1126 1127 10188
		10189 1048524 1048525 1048575 1048576 1101004 1101005 1101006
		1610612735 1610612736 1073741823 1099511627775 1099511627776
		68719476735 68719476736 70368744177663 70368744177664"
	for size in $sizes; do
		perl -e 'defined shmget(0, $ARGV[0], 0600 | 010000) or
		    die "shmget: $!\n"' "$size" 2>/dev/null ||
			echo "# no segment of $size bytes here" >&3
	done
	[ "$(segments)" -gt 20 ]
	same_segments
}

@test "limits: at 0, at 1, at every edge, and at the largest number" {
	local power edge step=1 value
	[[ $SHMTOOL_BIN == */valgrind ]] && step=9
	for value in 0 1 18446744073709551614 18446744073709551615; do
		echo "$value" >"$sysctl/shmmax"
		echo "$value" >"$sysctl/shmall"
		same_limits
	done
	for ((power = 1; power < 64; power += step)); do
		for edge in -1 0 1; do
			value=$(printf %u $(((1 << power) + edge)))
			echo "$value" >"$sysctl/shmmax"
			echo "$value" >"$sysctl/shmall"
			same_limits || { echo "at $value"; return 1; }
		done
	done
	for value in 0 1 4096 32768; do
		echo "$value" >"$sysctl/shmmni"
		same_report -l
	done
}

@test "limits: shmall where its bytes no longer fit 64 bits" {
	local value
	for value in 4503599627370494 4503599627370495 4503599627370496 \
	    4503599627370497 4611686018427387903 4611686018427387904 \
	    18446744073692774399; do
		echo "$value" >"$sysctl/shmall"
		same_limits || { echo "at $value"; return 1; }
	done
}

# Rounded half up to one decimal, or not shown.
@test "limits: --human at every tenth" {
	local tenth unit step=1 value
	[[ $SHMTOOL_BIN == */valgrind ]] && step=10
	for unit in 1024 1048576 1073741824 1125899906842624; do
		for ((tenth = 1; tenth < 20; tenth += step)); do
			value=$((unit + (unit / 20) * tenth + 1))
			echo "$value" >"$sysctl/shmmax"
			echo $((unit * 1024 - tenth)) >"$sysctl/shmall"
			same_report -l --human
		done
	done
	# The last bits of exabytes do not count.
	echo 1210567579837189325 >"$sysctl/shmmax"
	same_report -l --human
}

@test "limits: messages and semaphores too, negative ones included" {
	! is_32_bit || skip "system calls tell it limits of 32 bits"
	needs_mounts
	echo 0 >"$sysctl/msgmni"
	echo 65537 >"$sysctl/msgmax"
	echo 2147483647 >"$sysctl/msgmnb"
	echo "-1 -2147483648 2147483647 7" >"$sysctl/sem"
	same_limits
	apart 'mount -t tmpfs none /proc/sys; same_limits'
}

@test "limits: owners long, short, not ASCII, hostile, and missing" {
	local name
	needs_mounts
	make_segment 0 4096
	for name in r tenletters elevenchars averyveryverylongname \
	    ääääääää äaaaaaaaaaä '日本語の名前' $'esc\e[31mred' $'\xff\xfe' \
	    'with blank in it' 'tab	tab' '123456789012345'; do
		printf '%s:x:0:0::/:/bin/sh\n' "$name" \
			>"$BATS_TEST_TMPDIR/passwd"
		apart 'mount --bind "$0" /etc/passwd; same_segments' \
			"$BATS_TEST_TMPDIR/passwd" ||
			{ echo "name: $name"; return 1; }
	done
	: >"$BATS_TEST_TMPDIR/passwd"
	# Others than the file know root, where they are asked.
	echo "passwd: files" >"$BATS_TEST_TMPDIR/nsswitch"
	apart 'mount --bind "$0" /etc/passwd
		mount --bind "$1" /etc/nsswitch.conf
		shmtool limits -m | grep -q "^0x00000000 [0-9]* *0          600"
		same_segments' "$BATS_TEST_TMPDIR/passwd" \
		"$BATS_TEST_TMPDIR/nsswitch"
}

@test "limits: owners of other numbers, the largest too" {
	local uid
	needs_root
	for uid in 1 65533 65534 4294967294 1000000000; do
		make_segment 0 4096
		shmtool set -u "$uid:$uid" "$id"
	done
	same_segments
}

@test "limits: as an ordinary user" {
	make_many 20
	without_privilege bash -c 'same_segments && same_limits'
}

@test "limits: without /proc/sys from the system calls" {
	! is_32_bit || skip "system calls tell it limits of 32 bits"
	needs_mounts
	echo 12345678 >"$sysctl/shmmax"
	echo 777 >"$sysctl/shmmni"
	shmtool limits -l >"$BATS_TEST_TMPDIR/before"
	apart 'mount -t tmpfs none /proc/sys
		same_limits
		shmtool limits -l | cmp - "$0"' "$BATS_TEST_TMPDIR/before"
}

@test "limits: without /proc/sysvipc from the system calls" {
	needs_mounts
	make_many 100
	ipcs -m >"$BATS_TEST_TMPDIR/before"
	apart 'mount -t tmpfs none /proc/sysvipc
		same_segments
		shmtool limits -m | cmp - "$0"' "$BATS_TEST_TMPDIR/before"
}

@test "limits: without /proc/sysvipc an ordinary user still sees all" {
	needs_mounts
	make_many 20
	make_segment 0 1 0
	ipcs -m >"$BATS_TEST_TMPDIR/before"
	apart "$(declare -f without_privilege)"'
		mount -t tmpfs none /proc/sysvipc
		without_privilege shmtool limits -m | cmp - "$0"' \
		"$BATS_TEST_TMPDIR/before"
}

@test "limits: an empty /proc/sysvipc/shm neither hangs nor hides" {
	needs_mounts
	apart 'mount --bind /dev/null /proc/sysvipc/shm
		timeout 30 shmtool limits -m' | cmp - <(ipcs -m)
	make_many 5
	ipcs -m >"$BATS_TEST_TMPDIR/before"
	apart 'mount --bind /dev/null /proc/sysvipc/shm
		timeout 30 shmtool limits -m | cmp - "$0"' \
		"$BATS_TEST_TMPDIR/before"
}

@test "limits: a /proc/sysvipc/shm of something else is not believed" {
	! is_32_bit || skip "system calls tell it sizes of 32 bits"
	local text
	needs_mounts
	make_many 5
	ipcs -m >"$BATS_TEST_TMPDIR/before"
	for text in garbage 'key shmid\n' 'key shmid\n1 2 3\n' '\0\0\0'; do
		# shellcheck disable=SC2059
		printf "$text" >"$BATS_TEST_TMPDIR/shm"
		apart 'mount --bind "$1" /proc/sysvipc/shm
			timeout 30 shmtool limits -m | cmp - "$0"' \
			"$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/shm"
	done
}

# limits under a limit file that holds what $1 makes of it.
with_file() {
	local name=$1
	# shellcheck disable=SC2059
	printf -- "$2" >"$BATS_TEST_TMPDIR/file"
	run --separate-stderr apart 'mount --bind "$0" "$1"
		exec timeout 30 shmtool limits -l' "$BATS_TEST_TMPDIR/file" \
		"$sysctl/$name"
}

@test "limits: a limit file that is empty or holds no number is an error" {
	needs_mounts
	local name text
	for name in shmmax shmall shmmni msgmax msgmni msgmnb sem; do
		with_file $name ''
		[ "$status" -eq 1 ]
		message_has "limits: $sysctl/$name:"
		[ -z "$output" ]
	done
	for text in x -1 '12x' '1 2' '18446744073709551616' '\0' '1\0' ' 1'; do
		with_file shmmax "$text"
		[ "$status" -eq 1 ] || { echo "'$text': $output"; return 1; }
		message_has "limits: $sysctl/shmmax:"
		[ -z "$output" ]
	done
	with_file sem '1 2 3'
	[ "$status" -eq 1 ]
	with_file shmmax '5'
	[ "$status" -eq 0 ]
	[[ $output == *'max seg size (kbytes) = 0'* ]]
}

@test "limits: a limit file that may not be read is 4 and names it" {
	needs_mounts
	: >"$BATS_TEST_TMPDIR/file"
	chmod 0 "$BATS_TEST_TMPDIR/file"
	run --separate-stderr apart "$(declare -f without_privilege)"'
		mount --bind "$0" /proc/sys/kernel/shmall
		without_privilege shmtool limits' "$BATS_TEST_TMPDIR/file"
	[ "$status" -eq 4 ]
	message_has "limits: /proc/sys/kernel/shmall: Permission denied"
	[ -z "$output" ]
}

@test "limits: a /proc/sysvipc/shm that may not be read is done without" {
	needs_mounts
	make_many 5
	ipcs -m >"$BATS_TEST_TMPDIR/before"
	: >"$BATS_TEST_TMPDIR/file"
	chmod 0 "$BATS_TEST_TMPDIR/file"
	apart "$(declare -f without_privilege)"'
		mount --bind "$1" /proc/sysvipc/shm
		without_privilege shmtool limits -m | cmp - "$0"' \
		"$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/file"
}

@test "limits: a limit file that fails while being read is 1 and names it" {
	needs_mounts
	run --separate-stderr apart '
		mount --bind /proc/$$/mem /proc/sys/kernel/shmmni
		shmtool limits; exit $?'
	[ "$status" -eq 1 ]
	message_has "limits: /proc/sys/kernel/shmmni: Input/output error"
	[ -z "$output" ]
}

@test "limits: a fifo in the place of a limit file does not hang" {
	needs_mounts
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	run --separate-stderr apart 'mount --bind "$0" /proc/sys/kernel/sem
		timeout 30 shmtool limits; exit $?' "$BATS_TEST_TMPDIR/fifo"
	[ "$status" -eq 1 ]
	message_has "limits: /proc/sys/kernel/sem:"
}

@test "limits: --json has the same figures, as numbers" {
	make_segment 0xf63829c0 5000 640
	shmtool set --lock "$id"
	shmtool limits --json | ID=$id perl -MJSON::PP -e '
		local $/; my $r = decode_json(<STDIN>);
		my ($l, $s) = ($r->{limits}, $r->{segments});
		sub of { open my $f, "<", "/proc/sys/kernel/$_[0]" or die;
			(split " ", <$f>)[$_[1] // 0] }
		for (qw(shmmax shmall shmmni msgmni msgmax msgmnb)) {
			"$l->{$_}" eq of($_) or die "$_: $l->{$_}\n";
		}
		my $n = 0;
		for (qw(semmsl semmns semopm semmni)) {
			$l->{$_} == of("sem", $n++) or die "$_: $l->{$_}\n";
		}
		keys %$l == 12 && $l->{shmmin} == 1 && $l->{semvmx} == 32767
		    or die "limits\n";
		@$s == 1 or die "segments\n";
		$s = $s->[0];
		$s->{key} == 0xf63829c0 && $s->{key_hex} eq "0xf63829c0" &&
		    $s->{id} == $ENV{ID} && $s->{perms} eq "0640" &&
		    $s->{size} == 5000 && $s->{nattch} == 0 &&
		    "@{$s->{status}}" eq "locked" && $s->{owner} ne ""
		    or die "segment\n";'
	hold "$id"
	ipcrm -m "$id"
	shmtool limits --json -m | tr -d ' \n' |
		grep -qF '"nattch":1,"status":["dest","locked"]'
	shmtool limits --json -l | grep -qv segments
	shmtool limits --json -m -b | grep -qv '"limits"'
}

@test "limits: --json is UTF-8 whatever the owner's name" {
	needs_mounts
	printf 'a"\\\xff\x01\xc3:x:0:0::/:/bin/sh\n' >"$BATS_TEST_TMPDIR/passwd"
	make_segment
	apart 'mount --bind "$0" /etc/passwd; shmtool limits --json -m' \
		"$BATS_TEST_TMPDIR/passwd" |
		perl -MJSON::PP -e 'local $/; my $t = <STDIN>;
			my $r = decode_json($t);
			$r->{segments}[0]{owner} =~ /^a"\\\x{fffd}/ or die $t'
}

@test "limits: a full and a closed stdout are 1" {
	run --separate-stderr bash -c 'shmtool limits >/dev/full'
	[ "$status" -eq 1 ]
	message_has "standard output: No space left on device"
	run --separate-stderr bash -c 'shmtool limits >&-'
	[ "$status" -eq 1 ]
	message_has "standard output"
}

@test "limits: a wrong command line is 2" {
	local -a wrong=(
		"-b --human" "--human --json" "0" "-x" "--segment=1" "-l -m 7"
		"--tsv" "-w 1" "--critical=2" "--all-ns" "--ram 8G" "-n"
		"--persist" "--persist=x" "-l --usage" "-m --advise" "--set"
	)
	are_wrong limits "${wrong[@]}"
}

@test "limits: --help tells of every option" {
	run shmtool limits --help
	[ "$status" -eq 0 ]
	[[ $output == *"--segments"*"--usage"*"--persist"* ]]
}
