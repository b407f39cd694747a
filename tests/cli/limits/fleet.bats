# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016
#
# The page's examples for many machines: promtool takes the rules, and they
# alert when they should; and each machine's segments come with its name.

load ../common

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	page=$BATS_TEST_DIRNAME/../../../man/shmtool-limits.1
}

# The literal display of the page that has this in it.
example() {
	awk -v word="$1" '
		/^\.Bd -literal/ { text = ""; next }
		/^\.Ed/ { if (index(text, word)) printf "%s", text; next }
		{ text = text $0 "\n" }' "$page" | sed 's/\\e/\\/g'
}

make_rules() {
	command -v promtool >/dev/null || skip "no promtool here"
	example 'alert:' >make.sh
	sh -e make.sh
}

@test "fleet: promtool takes the three rules" {
	make_rules
	run promtool check rules shm.rules.yml
	[ "$status" -eq 0 ]
	[[ $output == *"SUCCESS: 3 rules found"* ]]
}

# Whether an alert comes of metrics of these values in twelve hours:
# alerts COUNT NAME METRIC VALUES...
alerts() {
	local count=$1 name=$2 i
	shift 2
	{
		printf 'rule_files: [shm.rules.yml]\nevaluation_interval: 1m\n'
		printf 'tests:\n- interval: 1m\n  input_series:\n'
		while (($# > 0)); do
			printf "  - {series: %s, values: '%s'}\n" "$1" "$2"
			shift 2
		done
		printf '  alert_rule_test:\n  - eval_time: 12h\n'
		printf '    alertname: %s\n    exp_alerts: [' "$name"
		for ((i = 0; i < count; i++)); do printf '{},'; done
		printf ']\n'
	} >test.yml
	promtool test rules test.yml
}

@test "fleet: an alert when there is cause, and none else" {
	make_rules
	alerts 1 SharedMemoryLimitNear shm_segments 90+0x720 \
		shm_limit_segments 100+0x720
	alerts 0 SharedMemoryLimitNear shm_segments 70+0x720 \
		shm_limit_segments 100+0x720
	alerts 1 SharedMemoryLimitNear shm_allocated_bytes 9e9+0x720 \
		shm_limit_allocated_bytes 1e10+0x720
	alerts 1 StaleSharedMemoryGrows shm_stale_segments 0+1x720
	alerts 0 StaleSharedMemoryGrows shm_stale_segments 9+0x720
	alerts 0 StaleSharedMemoryGrows shm_stale_segments 720-1x720
	alerts 1 DevShmNearlyFull shm_dev_shm_used_bytes 95+0x720 \
		shm_limit_dev_shm_bytes 100+0x720
	alerts 0 DevShmNearlyFull shm_dev_shm_used_bytes 50+0x720 \
		shm_limit_dev_shm_bytes 100+0x720
}

@test "fleet: the rules name metrics that there are" {
	make_rules
	shmtool limits --prometheus >metrics
	grep -o 'shm_[a-z_]*' shm.rules.yml | sort -u | while read -r name; do
		# Those of /dev/shm need a tmpfs with a limit there.
		[[ $name == *dev_shm* ]] || grep -q "^$name " metrics
	done
}

@test "fleet: the segments of many machines, with their names" {
	command -v jq >/dev/null || skip "no jq here"
	mkdir bin
	printf '#!/bin/sh\nshift\nexec "$@"\n' >bin/ssh
	chmod +x bin/ssh
	id=$(shmtool create -s 4096)
	example 'ssh "$h"' >gather.sh
	[ "$(wc -l <gather.sh)" -eq 1 ]
	HOSTS='one two' PATH=$PWD/bin:$PATH sh -e gather.sh >gathered
	[ "$(jq -r '"\(.host) \(.id) \(.size)"' gathered)" = \
		"one $id 4096"$'\n'"two $id 4096" ]
}
