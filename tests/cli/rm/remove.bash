# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests of rm with SEGMENT operands share.

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# The value of a JSON path: segments.0.result.  Fails unless it is JSON.
json_of() {
	perl -MJSON::PP -e '
		my $v = JSON::PP->new->utf8->allow_nonref->decode($ARGV[1]);
		for (split /\./, $ARGV[0]) {
			$v = ref $v eq "ARRAY" ? $v->[$_] : $v->{$_};
		}
		print defined $v ? ref $v eq "ARRAY" ? scalar @$v : $v :
		    "null", "\n"' "$1" "$output"
}
