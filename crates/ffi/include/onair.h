/* onair's media entry points: what cannot go through UniFFI without a copy.
 *
 * Feeds. `Broadcaster.feedHandle()` gives a number that stands for a broadcast's feed until the
 * broadcast is stopped or dropped, and for nothing afterwards: no number is used twice, so that
 * pushing too late is answered with ONAIR_NO_FEED and harms nobody. Every function may be called
 * from any thread, returns at once, and keeps a reference of its own to what it takes: no pixel
 * is copied, and the caller's reference stays the caller's.
 *
 * Times are those of the host's clock (CMClockGetHostTimeClock). What comes from a capture session
 * that counts by another clock (its synchronizationClock) has to be converted with
 * CMSyncConvertTime before.
 */
#ifndef ONAIR_H
#define ONAIR_H

#include <stdint.h>

#if __has_include(<CoreMedia/CoreMedia.h>)
#include <CoreMedia/CoreMedia.h>
#include <CoreVideo/CoreVideo.h>
#else /* enough to check this header where there is no SDK */
typedef struct opaqueCMSampleBuffer *CMSampleBufferRef;
typedef struct __CVBuffer *CVPixelBufferRef;
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Taken. */
#define ONAIR_OK 0
/* The number stands for nothing: the broadcast was stopped, or never was. */
#define ONAIR_NO_FEED (-1)
/* The broadcast was begun without video, or without audio. */
#define ONAIR_NOT_WANTED (-2)
/* Null, or not media of this kind: a picture where sound is meant, compressed where raw is. */
#define ONAIR_NOT_MEDIA (-3)
/* It has no time. */
#define ONAIR_NO_TIME (-4)
/* Something that cannot happen did. Please report it. */
#define ONAIR_BUG (-100)

/* Hands over a picture, as a camera's data output gives it. The newest wins: where the encoder is
 * not free yet, the one before is dropped and counted. 420v is encoded as it is. */
int32_t onair_push_video(uint64_t feed, CMSampleBufferRef _Nullable sample);

/* Hands over a picture without a sample buffer around it, taken at so many nanoseconds of the
 * host's clock. */
int32_t onair_push_pixels(uint64_t feed, CVPixelBufferRef _Nullable pixels, int64_t host_nanoseconds);

/* Hands over linear PCM of any layout, rate and number of channels. */
int32_t onair_push_audio(uint64_t feed, CMSampleBufferRef _Nullable sample);

/* Hands over what a broadcast upload extension is given (RPBroadcastSampleHandler's
 * processSampleBuffer), of a kind as RPSampleBufferType numbers it: 1 video, 2 the sound of the
 * app, 3 the microphone. Pictures are turned upright, those that come much faster than the
 * broadcast's frame rate left out, and both sounds mixed. One call at a time, as ReplayKit calls. */
int32_t onair_push_screen(uint64_t feed, CMSampleBufferRef _Nullable sample, int32_t kind);

/* The session is just being started, stopped or set up: call again soon. */
#define ONAIR_BUSY (-5)
/* No camera runs. */
#define ONAIR_NO_CAMERA (-6)
/* The number stands for nothing: the studio is gone. */
#define ONAIR_NO_STUDIO (-7)
/* Null, not an AVCaptureVideoPreviewLayer, or not called on the main thread. */
#define ONAIR_NO_LAYER (-8)

/* Shows on a layer what a studio's camera sees (`Studio.previewHandle()`), upright where the
 * interface is turned as UIInterfaceOrientation numbers it. To be called on the main thread: for
 * a new layer, when the interface has turned, and when a session has started or changed its
 * camera, since the layer has another connection then. Answers by how many degrees the camera's
 * pictures are to be turned (`Studio.turn`) to be upright as well, or one of the above. */
int32_t onair_studio_show(uint64_t studio, void *_Nullable layer, int32_t interface);

#ifdef __cplusplus
}
#endif

#endif
