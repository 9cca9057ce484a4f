"""Which window speakers are one person: one method per file.

What was tried for ``tiny`` (GE2E embeddings, windows of 5 s), by
``tests/benchmarks/clustering_study.py``: strict DER in % and recordings with the right number of
speakers, nobody told how many. *left out* is each of 28 recordings by the setting that is best on
the 27 others; *tested* is 15 simulated conversations (2 to 8 speakers, a third by telephone) by
the setting that is best on the 13 other recordings, whose voices are other people's; *plateau* is
the row of thresholds that lose no more than half a point. All of it before what the segmentation
hears was conditioned (`ovdiar.conditioning`).

========================================== ========= ============ ============ =========
idea                                       threshold left out     tested       plateau
========================================== ========= ============ ============ =========
average linkage                            0.25       8.2 (27/28) 12.4 (12/15) 0.23-0.25
side by side, weight 0.1                   0.25       9.0 (23/28) 11.5 (12/15) 0.23-0.25
side by side, weight 0.3                   0.25      10.1 (22/28) 11.7 (11/15) 0.23-0.25
side by side, weight 1                     0.26       9.8 (23/28) 11.7 (11/15) 0.26
weighted by clean speech                   0.24       8.5 (25/28)  8.9 (13/15) 0.21-0.24
``clean_share`` 0.32                       0.24       8.3 (27/28)  8.7 (14/15) 0.22-0.24
``clean_share`` 0.4                        0.23       8.3 (27/28)  8.7 (14/15) 0.20-0.23
``clean_share`` 0.4, side by side 0.3      0.23       8.3 (27/28) 10.8 (13/15) 0.20-0.23
linkage weighted                           0.325     12.7 (18/28) 13.7 (9/15)  0.33-0.35
linkage complete                           0.5       15.4 (17/28) 18.5 (8/15)  0.48-0.50
centred, count from raw embeddings         0.25      11.3 (26/28) 14.4 (12/15) 0.25
whitened (WCCN), count from raw            0.23      10.5 (26/28) 12.2 (13/15) 0.23-0.25
centroids nearer than 0.12 united          0.12      10.7 (20/28) 12.0 (11/15) 0.10-0.12
centroids moved to all they were given     0.25       8.2 (27/28) 12.3 (12/15) 0.23-0.25
speakers of a window assigned apart        0.25       8.4 (27/28) 12.6 (12/15) 0.23-0.25
count of the most stable cut               none      12.2 (21/28) 16.2 (9/15)
the same, side by side 0.3                 none      10.4 (22/28) 12.7 (10/15)
spectral, count by eigengap (NME-SC)       none      29.5 (8/28)  37.9 (1/15)
count told, average linkage                none       8.3 (28/28)  8.9 (15/15)
count told, centred                        none       9.9 (28/28) 11.9 (15/15)
========================================== ========= ============ ============ =========

At the threshold that ``tiny`` has, 0.24, the 15 are at 8.9 % with 13 numbers right, and would be
at 8.9 % if the number were told: little is left to gain by counting, and nothing counts more surely
than a cut of average linkage. Its optimum is narrow: a threshold chosen without the 15 is 0.26,
where two people become one.

Speaking side by side helps where it was meant to: at a weight of 0.3 the number is right on the
two real calls at thresholds of 0.17 to 0.49 and 0.23 to 0.42, without it of 0.17 to 0.27 and 0.23
to 0.35. It harms where the segmentation splits one person in two, as in simulated speech of two
or three. ``clean_share`` 0.4 has the widest plateau, and costs meetings (ami) 1.7 points, whose
turns are short. Both are options, off by default, and ``ovdiar tune`` tries them. Joining the
tracks of windows first was not measured here.

A second pass over the answer at 0.24 (``tests/benchmarks/second_pass.py``; *all* 28 recordings, and
of them the real *calls*, the read *mixes* and the 15 *tested*). Where one talks alone for 1.6 s or
more, that utterance is embedded as a whole; the speaker's voice is the mean of these by length.
Limits and heights were chosen on the same recordings.

============================================ =========== ========= ========== ============
second pass                                  all         calls     mixes      tested
============================================ =========== ========= ========== ============
none                                         8.4 (26/28) 5.4 (2/2) 12.6 (3/3)  8.9 (13/15)
window speakers to the nearest voice         8.3 (26/28) 5.4 (2/2) 12.3 (3/3)  8.9 (13/15)
utterances to the nearest voice              8.3 (26/28) 5.4 (2/2) 12.6 (3/3)  8.9 (13/15)
voices nearer than 0.11 to 0.15 united       8.2 (27/28) 5.4 (2/2) 12.6 (3/3)  8.7 (14/15)
voices nearer than 0.16 united               8.6 (26/28) 5.4 (2/2) 12.6 (3/3)  9.5 (13/15)
cut at 0.2, voices nearer than 0.18 united   9.4 (22/28) 5.4 (2/2) 16.3 (2/3) 10.3 (11/15)
utterances clustered anew, cut at 0.24       12.1 (19/28) 17.5 (0/2) 12.6 (3/3) 14.4 (9/15)
resegmentation, its default                  9.1 (25/28) 5.5 (2/2) 14.3 (3/3)  9.9 (12/15)
resegmentation, preset ``ami``               9.0 (25/28) 9.6 (2/2) 13.6 (3/3)  9.3 (12/15)
resegmentation, preset ``dihard3``           8.6 (25/28) 5.5 (2/2) 13.9 (3/3)  9.2 (12/15)
resegmentation, preset ``voxconverse``       8.3 (26/28) 7.4 (2/2) 13.6 (3/3)  8.3 (13/15)
resegmentation, onset and offset 0.5         8.6 (24/28) 5.6 (1/2) 13.8 (3/3)  9.2 (12/15)
============================================ =========== ========= ========== ============

Of 743 utterances one is nearer to a voice that is not its speaker's: who talks is settled once the
number is, and the windows' own embeddings settle that as well as longer ones do. Uniting mends a
single recording, which a cut at 0.25 mends too. Resegmentation adds up the scores of the same
windows and misses more speech; what ``voxconverse`` gains is its filling of gaps under 0.563 s,
which does so alone (8.2 % on the 15, 7.7 % on the calls) and suits only references without gaps.
Nothing of it is in ``tiny``.

The embedding itself (``tests/benchmarks/embedding_study.py``; equal error rate of pairs of window
speakers, %, on the two calls, a simulated call and two simulated conversations): as it is 17.1,
6.8, 1.8, 4.4, 0.3; from 300 to 3400 Hz everywhere 29.5, 3.9, 1.3, 7.7, 3.3; partial utterances of
0.8 s instead of 1.6 s 19.0, 2.9, 1.9, 4.4, 0.4; of 2.4 s 13.3, 7.7, 1.9, 6.8 (the last was not
measured). Nothing of it holds across recordings.
"""
