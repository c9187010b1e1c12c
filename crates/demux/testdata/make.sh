#!/bin/sh
# Makes the files of this directory anew (FFmpeg 5.1 with libx264, libx265, libmp3lame).
set -e
cd "$(dirname "$0")"
ff() { ffmpeg -hide_banner -loglevel error -y "$@"; }
exact="-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact"
video="-f lavfi -i testsrc2=size=96x64:rate=25:duration=1.6"
tone="-f lavfi -i sine=frequency=440:sample_rate=48000:duration=1.6"

ff $video $tone -c:v libx264 -preset medium -crf 42 -bf 2 -g 20 -pix_fmt yuv420p \
   -c:a aac -b:a 16k -ac 1 $exact bframes.mp4
copy="-i bframes.mp4 -c copy $exact"
ff $copy -movflags +faststart faststart.mp4
ff $copy -movflags +frag_keyframe+empty_moov+default_base_moof fragmented.mp4
ff $copy quicktime.mov
ff $copy plain.flv
ff $copy plain.ts
ff $copy plain.mkv
ff -ss 0.48 $copy -t 0.9 trimmed.mp4
ff -f lavfi -i testsrc2=size=96x64:rate=25:duration=1 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=1 \
   -c:v libx264 -crf 42 -g 25 -pix_fmt yuv420p -c:a aac -b:a 16k -ac 1 $exact priming.mp4
ff -i priming.mp4 -c copy $exact priming.mkv
ff -i bframes.mp4 -t 0.4 -c copy $exact -metadata:s:v rotate=90 rotated.mp4
ff -f lavfi -i testsrc2=size=96x64:rate=25:duration=1.6 -vf "select='not(eq(mod(n,3),1))'" -vsync vfr \
   -c:v libx264 -crf 42 -bf 0 -g 50 -pix_fmt yuv420p -an $exact vfr.mp4
hevc="log-level=none:keyint=20:min-keyint=20:bframes=3:scenecut=0"
ff $video $tone -c:v libx265 -preset medium -x265-params $hevc -crf 42 -pix_fmt yuv420p -tag:v hvc1 \
   -c:a aac -b:a 16k -ac 1 $exact hevc.mp4
copy="-i hevc.mp4 -c copy $exact"
ff $copy -tag:v hev1 hevc-hev1.mp4
ff $copy -tag:v hvc1 hevc.mov
ff $copy hevc.ts
ff $copy hevc.mkv
ff -f lavfi -i testsrc2=size=96x64:rate=25:duration=0.4 -f lavfi -i sine=duration=0.4 \
   -c:v libx264 -crf 42 -pix_fmt yuv420p -c:a libmp3lame -b:a 32k $exact mp3.mp4

# What services do not take.
odd="-f lavfi -i testsrc2=size=96x64:rate=25:duration=0.4 -f lavfi -i sine=sample_rate=48000:duration=0.4"
ff $odd -c:v libx264 -crf 42 -pix_fmt yuv420p10le -c:a aac -b:a 16k $exact high10.mp4
ff $odd -c:v libx264 -crf 42 -pix_fmt yuv444p -c:a aac -b:a 16k $exact yuv444.mp4
ff $odd -c:v libx264 -crf 42 -pix_fmt yuv420p -c:a aac -b:a 96k -ac 6 -ar 96000 $exact surround.mp4
ff -f lavfi -i sine=sample_rate=48000:duration=0.4 -c:a aac -b:a 16k $exact sound.mp4
ff -f lavfi -i testsrc=size=97x63:rate=25:duration=0.4 -f lavfi -i sine=sample_rate=48000:duration=0.4 \
   -c:v libvpx-vp9 -pix_fmt yuv420p -b:v 20k -c:a libopus -b:a 16k $exact vp9-opus.webm
ff -f lavfi -i testsrc2=size=96x64:rate=25:duration=0.4 -f lavfi -i sine=sample_rate=44100:duration=0.4 \
   -c:v flv1 -b:v 50k -c:a libmp3lame -b:a 32k $exact sorenson-mp3.flv
ff $odd -c:v mpeg2video -b:v 50k -c:a ac3 -b:a 96k $exact mpeg2-ac3.ts

# What ffprobe says of each packet: kind, pts, dts, size, whether a keyframe.
for file in bframes.mp4 faststart.mp4 fragmented.mp4 quicktime.mov plain.flv plain.ts plain.mkv \
            trimmed.mp4 rotated.mp4 vfr.mp4 hevc.mp4 hevc-hev1.mp4 hevc.mov hevc.ts hevc.mkv; do
  ffprobe -v error -show_entries packet=codec_type,pts_time,dts_time,size,flags \
          -of csv=p=0:nk=1 "$file" | sed 's/side_data.*//; /^$/d' > "$file.packets"
done
