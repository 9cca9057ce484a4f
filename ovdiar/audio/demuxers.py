"""Formats that ffmpeg may detect: those that hold their sound."""

from __future__ import annotations

VIDEO = (
    *("3dostr", "4xm", "amv", "asf", "asf_o", "avi", "bethsoftvid", "bink", "c93", "cdxl"),
    *("cine", "dcstr", "dhav", "dsicin", "dv", "dxa", "ea", "film_cpk", "flic", "flv", "gdv"),
    *("gxf", "hnm", "idcin", "ifv", "ipmovie", "iv8", "jv", "kux", "live_flv", "lmlm4", "lxf"),
    *("matroska", "mgsts", "mm", "moflex", "mov", "mpeg", "mpegts", "mpegtsraw", "mtv"),
    *("mv", "mvi", "mxf", "mxg", "nsv", "nut", "nuv", "pmp", "psxstr", "pva", "r3d", "rl2", "rm"),
    *("roq", "rpl", "sga", "siff", "smjpeg", "smk", "smush", "sol", "swf", "thp", "tiertexseq"),
    *("tmv", "ty", "vividas", "vivo", "vmd", "wc3movie", "wsvqa", "wtv", "xmv", "yop"),
)
AUDIO = (
    *("aa", "aac", "aax", "ac3", "ace", "acm", "act", "adp", "ads", "adx", "aea", "afc"),
    *("aiff", "aix", "alaw", "alp", "amr", "amrnb", "amrwb", "apc", "ape", "apm", "aptx"),
    *("aptx_hd", "argo_asf", "argo_brp", "argo_cvg", "ast", "au", "avr", "bfstm", "binka", "bit"),
    *("boa", "brstm", "caf", "codec2", "daud", "derf", "dfpwm", "dsf", "dss", "dts"),
    *("dtshd", "eac3", "ea_cdata", "epaf", "flac", "fsb", "fwse", "g722", "g723_1", "g726"),
    *("g726le", "g729", "genh", "gsm", "hca", "hcom", "iff", "ilbc", "ircam", "iss", "kvag"),
    *("loas", "luodat", "lvf", "mca", "mlp", "mmf", "mods", "mp3", "mpc", "mpc8", "msf"),
    *("msnwctcp", "mtaf", "mulaw", "musx", "nistsphere", "nsp", "ogg", "oma", "osq", "paf"),
    *("pp_bnk", "pvf", "qcp", "qoa", "redspark", "rsd", "rso", "s337m", "sbc"),
    *("sdns", "sdr2", "sds", "sdx", "shn", "simbiosis_imx", "sln", "sox", "spdif", "svag", "svs"),
    *("tak", "truehd", "tta", "txd", "usm", "vag", "voc", "vpk", "vqf", "w64", "wady"),
    *("wav", "wavarc", "wsaud", "wsd", "wv", "wve", "xa", "xvag", "xwma"),
)
DEMUXERS = tuple(sorted({*VIDEO, *AUDIO}))
"""Formats by ffmpeg's names (``ffmpeg -demuxers``).

All of them contain their audio. Formats that refer to other files (hls, dash, concat, imf, sdp,
image2, mlv) or run a script (lavfi, vapoursynth) are excluded, since an untrusted file could make
ffmpeg read any local file.
"""
