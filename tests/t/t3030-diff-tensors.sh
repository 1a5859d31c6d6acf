#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='git model diff --tensors: which tensors changed, and by how much'

. ./lib-test.sh

# nudge <file> <tensor>: the lowest bit of the first byte of its first number
nudge () {
	git model inspect --tensors --json "$1" | perl -MJSON::PP -e 'local $/;
		my ($t) = grep { $_->{name} eq $ARGV[1] }
			@{JSON::PP->new->decode(<STDIN>)->{tensors}};
		open my $f, "+<", $ARGV[0] or die; seek $f, $t->{offset}, 0;
		read $f, my $b, 1; seek $f, $t->{offset}, 0;
		print $f chr(ord($b) ^ 1)' "$1" "$2"
}

q=model.layers.0.self_attn.q_proj.weight
k=model.lm_head.weight

# row <file> <tensor>: what its row says
row () {
	grep -- "$(printf %s "$2" | tail -c 20)" "$1"
}

test_expect_success 'set up' '
	git model install && git init -q r && cd r && git model track "*.safetensors" &&
	mv-test safetensors m.safetensors bf16 4M 1 && cp m.safetensors ../old.safetensors &&
	mkdir .gitmodel && printf "[artifact \"m\"]\npath = m.safetensors\n" >.gitmodel/config &&
	git add . && git commit -q -m one && git tag -a -m v m@v1.0.0 &&
	nudge m.safetensors $q && nudge m.safetensors $k &&
	cp m.safetensors ../new.safetensors &&
	git commit -q -a -m two && git tag -a -m v m@v1.1.0
'

test_expect_success 'contents by every name: files, revisions with paths, versions' '
	cd r && git model diff --tensors ../old.safetensors ../new.safetensors >../files &&
	git model diff --tensors HEAD~:m.safetensors m.safetensors >../revs &&
	git model diff --tensors m@v1.0.0 m@v1.1.0 >../versions && cd .. &&
	head -n 1 files >line && test_grep "^2 of [0-9]* tensors changed (relative L2 [0-9.e-]*, cosine 1" line &&
	test_cmp files revs && test_cmp files versions &&
	row files $q >one && test_grep "<0.01%" one && row files $k
'

test_expect_success 'numbers that are known' '
	printf "\130\0\0\0\0\0\0\0%-88s" "{\"t\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}" >a.safetensors &&
	cp a.safetensors b.safetensors &&
	perl -e "print pack q(f<4), 1, -2, 3, 0" >>a.safetensors &&
	perl -e "print pack q(f<4), 1, 2, 3, 9**9**9" >>b.safetensors && cd r &&
	git model diff --tensors ../a.safetensors ../b.safetensors --json >../json &&
	perl -MJSON::PP -e "local \$/; my \$d = JSON::PP->new->decode(<STDIN>)->{tensors}[0]{numbers};
		printf qq(%d %d %g %g %.6f %.6f %d %d\n), @{\$d}{qw(elements changed max_abs mean_abs relative_l2 cosine old_inf new_inf)}" \
		<../json >../got && echo "4 2 4 1.33333 1.069045 0.428571 0 1" >../want &&
	test_cmp ../want ../got && git model diff --tensors ../a.safetensors ../b.safetensors >../text &&
	test_grep "Inf: 0 before, 1 after" ../text
'

test_expect_success 'revisions: in the comparison, as text, Markdown, JSON and a page' '
	cd r && git model diff HEAD~ HEAD >../brief && test_grep "Weights  2 of [0-9]* tensors changed, " ../brief &&
	test_grep ! "rel. L2" ../brief &&
	git model diff --tensors HEAD~ HEAD >../full && test_grep "rel. L2" ../full &&
	git model diff --tensors --top 1 HEAD~..HEAD >../one && test_grep "(1 more; --top)" ../one &&
	git model diff --tensors HEAD~ HEAD --format md >../md && test_grep "^Weights: 2 of" ../md &&
	git model diff --tensors HEAD~ HEAD --json >../json && test_grep "\"relative_l2\"" ../json &&
	git model diff HEAD~ HEAD --format html >../html && test_grep ! "class=.heat[0-9]" ../html &&
	git model report --tensors --html ../site HEAD~ HEAD &&
	test_grep "<li class=.heat[1-9]. title=.model.layers.0: 1 of" ../site/compare.html
'

test_expect_success 'no line is wider than the terminal' '
	cd r && for w in 40 80 120
	do
		COLUMNS=$w git model diff --tensors m@v1.0.0 m@v1.1.0 >../out &&
		awk -v w=$w "length > w + 2 * gsub(/…/, \"\") { bad = 1 } END { exit bad }" ../out || return 1
	done
'

test_expect_success 'the same whatever the number of threads' '
	cd r && for n in 1 2 5
	do
		git -c model.threads=$n model diff --tensors ../old.safetensors \
			../new.safetensors --json >../t$n || return 1
	done && test_cmp ../t1 ../t2 && test_cmp ../t1 ../t5
'

test_expect_success 'what is the same is known by its chunks, not read' '
	cd r && git model diff --tensors m@v1.0.0 m@v1.1.0 --json >../json &&
	read=$(sed -n "s/.*\"bytes_read\": \([0-9]*\).*/\1/p" ../json) &&
	skipped=$(sed -n "s/.*\"bytes_skipped\": \([0-9]*\).*/\1/p" ../json) &&
	test $read -lt 4000000 && test $((read + skipped)) -gt 8000000
'

test_expect_success 'what is not here is said; --fetch brings it; no such thing' '
	git clone -q --bare r o.git && mkdir o.git/model && cp -r r/.git/model/. o.git/model &&
	git -c filter.model.process= -c filter.model.required=false clone -q o.git c && cd c &&
	test_expect_code 128 git model diff --tensors m@v1.0.0 m@v1.1.0 2>../err &&
	test_grep "nothing of content .* is here" ../err &&
	git model diff --tensors HEAD~ HEAD >../out 2>../err && test_grep "not compared" ../err &&
	git model diff --fetch --tensors m@v1.0.0 m@v1.1.0 >../out &&
	test_grep "^2 of" ../out && cd ../r &&
	test_expect_code 128 git model diff --tensors m@v1.0.0 nosuch &&
	test_expect_code 128 git model diff --tensors nosuch nosuch2
'

test_expect_success 'of a part that is here, that part' '
	rm -rf c/.git/model && cd c && git model fetch --all --tensor "*layers.0.self_attn.q_proj*" &&
	git model diff --tensors m@v1.0.0 m@v1.1.0 >../out && test_grep "^1 of" ../out &&
	test_grep "not comparable" ../out && test_grep "not here" ../out
'

test_done
