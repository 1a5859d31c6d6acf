#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='merging two fine-tunes of one model, tensor by tensor'

. ./lib-test.sh

q=model.layers.0.self_attn.q_proj.weight
k=model.layers.0.self_attn.k_proj.weight
v=model.layers.3.self_attn.v_proj.weight

# tune <file> <tensor> <value> [<every>]: other low bits in every so many bytes
cat >tune.pl <<\EOP
use JSON::PP; my ($file, $name, $value, $every) = @ARGV;
open my $f, "+<:raw", $file or die; read $f, my $n, 8; $n = unpack "Q<", $n;
read $f, my $h, $n; my $t = decode_json($h)->{$name} or die "no $name";
my ($b, $e) = @{$t->{data_offsets}}; seek $f, 8 + $n + $b, 0;
read $f, my $d, $e - $b; $every ||= 64;
for (my $i = 0; $i < length $d; $i += $every)
	{ substr($d, $i, 1) ^= chr $value }
seek $f, 8 + $n + $b, 0; print $f $d;
EOP
tune () {
	perl "$TRASH/work/tune.pl" "$@"
}

# meta <file> <text>: a header with other metadata, padded anew
cat >meta.pl <<\EOP
use JSON::PP; my ($file, $text, $drop) = @ARGV;
open my $f, "<:raw", $file or die; read $f, my $n, 8; $n = unpack "Q<", $n;
read $f, my $h, $n; local $/; my $d = <$f>; $h = decode_json($h);
$h->{__metadata__}{note} = $text;
if ($drop) { # the last tensor goes
	my ($x) = sort { $h->{$b}{data_offsets}[0] <=> $h->{$a}{data_offsets}[0] }
		grep { $_ ne "__metadata__" } keys %$h;
	$d = substr $d, 0, $h->{$x}{data_offsets}[0]; delete $h->{$x};
}
$h = JSON::PP->new->canonical->encode($h); $h .= " " x (-length($h) % 8);
open $f, ">:raw", $file; print $f pack("Q<", length $h), $h, $d;
EOP
meta () {
	perl "$TRASH/work/meta.pl" "$@"
}

# branches <ours> <theirs>: two changes of the first commit, on main and side
branches () {
	git -C r checkout -q -f -B main one && git -C r branch -f side one &&
	git -C r switch -q side && (cd r && eval "$2") && cp r/m.safetensors theirs &&
	git -C r commit -q -a -m theirs && git -C r switch -q main &&
	(cd r && eval "$1") && cp r/m.safetensors ours && git -C r commit -q -a -m ours
}

merged_is () {
	cmp "$1" r/m.safetensors && git -C r status --porcelain >st &&
	test_must_be_empty st && test_path_is_missing r/.git/model-conflict
}

conflict () {
	test_expect_code 1 git -C r merge -m merged side >out 2>err &&
	cmp ours r/m.safetensors && cmp theirs r/.git/model-conflict/m.safetensors.theirs &&
	git -C r merge --abort
}

test_expect_success 'set up' '
	git model install && git init -q r && git -C r config merge.renames false &&
	(cd r && git model track "*.safetensors" "*.npz") &&
	mv-test safetensors r/m.safetensors bf16 4M 1 && cp r/m.safetensors base &&
	git -C r add . && git -C r commit -q -m one && git -C r tag one
'

test_expect_success 'other tensors: bit exact, nobody is asked, and it is recorded' '
	branches "tune m.safetensors $q 1" "tune m.safetensors $v 2" &&
	git -C r merge -m merged side 2>err &&
	test_grep "merged tensor by tensor: 1 from ours, 1 from theirs, 24 the same" err &&
	cp ours want && tune want $v 2 && merged_is want && git -C r model fsck &&
	git -C r notes --ref=model show HEAD:m.safetensors >note &&
	for f in base ours theirs
	do
		test_grep "sha256:$(sha256sum <$f | cut -c 1-64)\",\"path\":\"m.safetensors\",\"role\":\"$f\"" note || return 1
	done &&
	test_grep "\"rule\":\"none\"" note && test_grep "\"tensors.theirs\":1" note &&
	log=$(sed "s/.*\"content\":\"sha256:\([0-9a-f]*\)\",\"role\":\"log\".*/\1/" note) &&
	git -C r model cat $log >list &&
	printf "ours\t$q\ntheirs\t$v\n" | sort >want && sort list | test_cmp want -
'

test_expect_success 'both alike, and one side all' '
	branches "tune m.safetensors $q 1 && tune m.safetensors $k 3" "tune m.safetensors $q 1" &&
	git -C r merge -m merged side 2>err && merged_is ours &&
	test_grep "1 from ours, 0 from theirs, 25 the same" err
'

test_expect_success 'the same tensor: refused, with a list' '
	branches "tune m.safetensors $q 1 && tune m.safetensors $k 1" \
		"tune m.safetensors $q 2 && tune m.safetensors $v 1" && conflict &&
	test_grep "1 tensor of .m.safetensors. cannot be merged:" err &&
	test_grep "  $q: changed on both sides" err && test_grep "hint: .*merge = ours" err &&
	git -C r notes --ref=model list >notes && test_grep ! "$(git -C r rev-parse HEAD:m.safetensors)" notes
'

test_expect_success '-X says whose tensors: only those that both changed' '
	cp ours want && tune want $v 1 && git -C r merge -q -m merged -X ours side 2>err &&
	merged_is want && test_grep "1 of them both sides had changed; the rule was .ours." err &&
	git -C r reset -q --hard HEAD~ && cp theirs want && tune want $k 1 &&
	git -C r merge -q -m merged -X theirs side && merged_is want &&
	git -C r reset -q --hard HEAD~
'

# rule <word>: in the first commit of both
rule () {
	git -C r checkout -q -f -B main one && mkdir -p r/.gitmodel &&
	printf "[artifact \"m\"]\npath = m.safetensors\nmerge = $1\n" >r/.gitmodel/config &&
	git -C r add .gitmodel && git -C r commit -q -m "rule $1" && git -C r tag -f one
}

test_expect_success 'a rule of the config: ours, theirs' '
	for side in ours theirs
	do
		rule $side && branches "tune m.safetensors $q 1 && tune m.safetensors $k 1" \
			"tune m.safetensors $q 2 && tune m.safetensors $v 1" &&
		git -C r merge -q -m merged side 2>err && cp base want && tune want $k 1 &&
		tune want $v 1 && case $side in ours) tune want $q 1 ;; *) tune want $q 2 ;; esac &&
		merged_is want && test_grep "the rule was .$side." err &&
		git -C r notes --ref=model show HEAD:m.safetensors >note &&
		test_grep "\"artifact\":\"m\"" note && test_grep "\"rule\":\"$side\"" note &&
		test_grep "\"tensors.by-rule\":1" note || return 1
	done
'

test_expect_success 'the mean of both, in float32, rounded to bf16' '
	rule average && branches "tune m.safetensors $q 1" "tune m.safetensors $q 7" &&
	git -C r merge -q -m merged side && git -C r notes --ref=model show HEAD:m.safetensors >note &&
	test_grep "\"tensors.average\":1" note &&
	perl -e "sub f { unpack q(f<), pack q(L<), \$_[0] << 16 }
		undef \$/; my @v = map { open my \$f, q(<:raw), \$_; [unpack q(S<*), <\$f>] } @ARGV;
		my (\$o, \$t, \$r) = @v; my \$other = 0;
		for (0 .. \$#\$r) { next if \$o->[\$_] == \$t->[\$_] and \$r->[\$_] == \$o->[\$_];
			my \$m = unpack q(L<), pack q(f<), (f(\$o->[\$_]) + f(\$t->[\$_])) / 2;
			my \$b = (\$m + 0x7fff + (\$m >> 16 & 1)) >> 16; \$other++;
			die qq(\$_) if \$b != \$r->[\$_] } die unless \$other > 1000" \
		ours theirs r/m.safetensors
'

test_expect_success 'a rule that is none: said with its line' '
	rule median && branches "tune m.safetensors $q 1" "tune m.safetensors $q 7" && conflict &&
	test_grep "no rule for merges is known: .*config" err && test_grep "median" err &&
	test_expect_code 128 git -C r model show m 2>err && test_grep "ours, theirs or average" err &&
	git -C r checkout -q -f -B main HEAD~2 && git -C r tag -f one $(git -C r rev-list --max-parents=0 HEAD)
'

test_expect_success 'metadata of one side, tensors of the other' '
	branches "meta m.safetensors hello" "tune m.safetensors $q 1" &&
	git -C r merge -q -m merged side && cp theirs want && meta want hello && merged_is want &&
	branches "tune m.safetensors $q 1" "meta m.safetensors hello" &&
	git -C r merge -q -m merged side && cp ours want && meta want hello && merged_is want
'

test_expect_success 'metadata of both; a tensor that one removed and one changed' '
	branches "meta m.safetensors one" "meta m.safetensors two" && conflict &&
	test_grep "not merged tensor by tensor: header or metadata changed on both sides" err &&
	branches "meta m.safetensors one 1" "tune m.safetensors model.lm_head.weight 1" && conflict &&
	test_grep "model.lm_head.weight: removed in ours, changed in theirs" err &&
	branches "meta m.safetensors one 1" "tune m.safetensors $q 1" &&
	git -C r merge -q -m merged side && cp theirs want && meta want one 1 && merged_is want
'

test_expect_success 'what is no such model stays a conflict, as before' '
	branches "mv-test random 50000 1 >m.safetensors" "mv-test random 50000 2 >m.safetensors" &&
	conflict && test_grep ! "tensor by tensor" err &&
	branches "mv-test safetensors m.safetensors f32 1M 3" "tune m.safetensors $q 1" && conflict &&
	git -C r checkout -q -f -B main one && git -C r rm -q m.safetensors && git -C r commit -q -m none &&
	git -C r branch -f side && cp base r/n.safetensors && tune r/n.safetensors $q 1 &&
	git -C r add . && git -C r commit -q -m ours && git -C r switch -q side &&
	cp base r/n.safetensors && tune r/n.safetensors $v 1 && git -C r add . &&
	git -C r commit -q -m theirs && test_expect_code 1 git -C r merge -q main &&
	git -C r merge --abort
'

test_expect_success 'what cannot be recorded stays a conflict' '
	branches "tune m.safetensors $q 1" "tune m.safetensors $v 2" &&
	: >r/.git/refs/notes/model.lock && test_when_finished "rm -f r/.git/refs/notes/model.lock" &&
	test_must_fail git -C r merge -m merged side 2>err &&
	test_grep "merged tensor by tensor, but not recorded, so it stays a conflict" err &&
	cmp ours r/m.safetensors && git -C r merge --abort
'

test_expect_success 'rebase and cherry-pick, too' '
	branches "tune m.safetensors $q 1" "tune m.safetensors $v 2" &&
	cp ours want && tune want $v 2 &&
	git -C r cherry-pick side && merged_is want && git -C r reset -q --hard HEAD~ &&
	git -C r rebase -q side && merged_is want
'

test_expect_success 'content that is not here is fetched; where it cannot be, a conflict' '
	branches "tune m.safetensors $q 1" "tune m.safetensors $v 2" && cp ours want && tune want $v 2 &&
	git init -q --bare o.git && git -C r push -q ../o.git main side &&
	git -c filter.model.process= -c filter.model.required=false clone -q o.git c &&
	git -C c branch -q side origin/side && mv o.git away.git &&
	test_expect_code 1 git -C c merge -m merged side 2>err &&
	test_grep "not merged tensor by tensor: its content is not here" err &&
	git -C c merge --abort && mv away.git o.git &&
	git -C c merge -q -m merged side && (cd c && git model checkout) && cmp want c/m.safetensors
'

test_done
