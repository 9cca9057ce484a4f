"""Which window speakers are one person: one method per file.

What was tried for ``tiny`` (GE2E embeddings, windows of 5 s), by
``tests/benchmarks/clustering_study.py``: strict DER in % and recordings with the right number of
speakers, nobody told how many. *left out* is each of 28 recordings by the setting that is best on
the 27 others; *tested* is 15 simulated conversations (2 to 8 speakers, a third by telephone) by
the setting that is best on the 13 other recordings, whose voices are other people's; *plateau* is
the row of thresholds that lose no more than half a point.

========================================== ========= ============ ============ =========
idea                                       threshold left out     tested       plateau
========================================== ========= ============ ============ =========
average linkage                            0.24       8.4 (25/28)  9.0 (13/15) 0.23-0.25
side by side, weight 0.1                   0.24       8.8 (23/28) 17.2 (10/15) 0.23-0.25
side by side, weight 0.3                   0.25       8.5 (25/28) 17.2 (10/15) 0.23-0.25
side by side, weight 1                     0.25      11.2 (23/28) 15.2 (10/15) 0.24-0.26
weighted by clean speech                   0.23       8.3 (25/28) 11.3 (11/15) 0.21-0.23
``clean_share`` 0.32                       0.23       8.7 (24/28)  9.0 (13/15) 0.21-0.24
``clean_share`` 0.4                        0.23       7.9 (27/28)  8.4 (14/15) 0.20-0.23
``clean_share`` 0.4, side by side 0.3      0.23       7.9 (27/28) 11.1 (12/15) 0.20-0.23
linkage weighted                           0.338      9.4 (21/28) 10.5 (10/15) 0.338
linkage complete                           0.5       11.4 (20/28) 10.8 (12/15) 0.48-0.50
centred, count from raw embeddings         0.22       9.7 (23/28) 16.9 (11/15) 0.22-0.25
whitened (WCCN), count from raw            0.25      11.2 (24/28) 11.2 (13/15) 0.24-0.25
cut at 0.2, near centroids united          0.12       8.8 (23/28) 12.3 (10/15) 0.12
``refine_clusters``                        0.24       8.3 (25/28)  8.8 (13/15) 0.23-0.25
speakers of a window assigned apart        0.24       8.6 (24/28)  8.9 (13/15) 0.23-0.25
count of the most stable cut               none      14.6 (21/28) 21.1 (9/15)
the same, side by side 0.3                 none      12.2 (24/28) 16.8 (11/15)
spectral, count by eigengap (NME-SC)       none       29.9 (8/28)  36.2 (2/15)
count told, average linkage                none       8.1 (28/28)  8.8 (15/15)
count told, centred                        none       9.0 (28/28) 10.3 (15/15)
========================================== ========= ============ ============ =========

At the threshold that ``tiny`` has, 0.24, the 15 are at 8.3 % with 14 numbers right, refined, and
were at 8.8 % if the number were told: little is left to gain by counting, and nothing counts more
surely than a cut of average linkage, narrow as its plateau is.

``refine_clusters`` gains little here, but the answer then hangs less on which of two alike voices
is merged first: it is in ``tiny`` for what codecs change (`ovdiar.conditioning`). ``clean_share``
0.4 is the best of the table, and yet not in ``tiny``: it costs meetings (ami) 2.2 points and the
broadcasts 5, whose turns are short; and tried by hand, refined, it unites the two voices of the
real sample at 0.24, which happens otherwise beyond 0.26 only, while the real call is split below
0.21 with the one and 0.22 with the other.

Speaking side by side helps where it was meant to: before conditioning the number was right on the
two real calls at thresholds of 0.17 to 0.49 and 0.23 to 0.42 with a weight of 0.3, without it of
0.17 to 0.27 and 0.23 to 0.35. It harms where the segmentation splits one person in two, as in
simulated speech of two or three. All are options, off by default, and ``ovdiar tune`` tries them.
Joining the tracks of windows first was not measured here.

A second pass over the answer at 0.24 (``tests/benchmarks/second_pass.py``; *all* 28 recordings, and
of them the real *calls*, the read *mixes* and the 15 *tested*). Where one talks alone for 1.6 s or
more, that utterance is embedded as a whole; the speaker's voice is the mean of these by length.
Limits and heights were chosen on the same recordings.

============================================ ============ ========== ========== ============
second pass                                  all          calls      mixes      tested
============================================ ============ ========== ========== ============
none                                          8.1 (26/28)  5.1 (2/2) 12.3 (3/3)  8.4 (14/15)
window speakers to the nearest voice          8.1 (26/28)  5.1 (2/2) 12.8 (3/3)  8.4 (14/15)
utterances to the nearest voice               8.1 (26/28)  5.1 (2/2) 12.3 (3/3)  8.4 (14/15)
voices nearer than 0.1 to 0.15 united         8.1 (26/28)  5.1 (2/2) 12.3 (3/3)  8.4 (14/15)
voices nearer than 0.16 united                8.5 (25/28)  5.1 (2/2) 12.3 (3/3)  9.2 (13/15)
cut at 0.2, voices nearer than 0.18 united    9.1 (23/28)  5.4 (2/2) 16.4 (2/3) 10.0 (12/15)
utterances clustered anew, cut at 0.24       11.1 (16/28) 17.4 (0/2) 12.8 (3/3)  12.2 (7/15)
resegmentation, its default                   8.6 (25/28)  5.0 (2/2) 13.7 (3/3)  9.0 (13/15)
resegmentation, preset ``ami``                9.3 (25/28)  9.4 (2/2) 13.0 (3/3)  9.4 (13/15)
resegmentation, preset ``dihard3``            8.3 (25/28)  5.0 (2/2) 13.3 (3/3)  8.6 (13/15)
resegmentation, preset ``voxconverse``        8.5 (26/28)  7.2 (2/2) 13.0 (3/3)  8.3 (14/15)
resegmentation, onset and offset 0.5          8.3 (23/28)  5.3 (1/2) 13.2 (3/3)  8.7 (13/15)
============================================ ============ ========== ========== ============

None of 800 utterances is nearer to a voice that is not its speaker's: who talks is settled once the
number is, and the windows' own embeddings settle that as well as longer ones do. Resegmentation
adds up the scores of the same windows and misses more speech; ``voxconverse`` fills gaps under
0.563 s, which suits only references without gaps. Nothing of it is in ``tiny``.

The embedding itself (``tests/benchmarks/embedding_study.py``; equal error rate of pairs of window
speakers, %, on the two calls, a simulated call and two simulated conversations): as it is 17.1,
6.8, 1.8, 4.4, 0.3; from 300 to 3400 Hz everywhere 29.5, 3.9, 1.3, 7.7, 3.3; partial utterances of
0.8 s instead of 1.6 s 19.0, 2.9, 1.9, 4.4, 0.4; of 2.4 s 13.3, 7.7, 1.9, 6.8 (the last was not
measured). Nothing of it holds across recordings.
"""
