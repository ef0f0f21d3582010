// What kernels are marked with that want an instruction of the processor at hand.
#ifndef SUTURE_PER_PROCESSOR_H
#define SUTURE_PER_PROCESSOR_H

// On x86 the loader picks the variant for the processor at hand; elsewhere half precision is native. The
// variants are named by level: with arch=haswell the loader asks whether the processor is a Haswell, and no
// AMD is. It picks before ThreadSanitizer is set up, which would then fail in the function that picks.
#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define PER_PROCESSOR __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define PER_PROCESSOR
#endif

#endif
