// Part of every program that `allocate_across_threads` names; takes effect before main.
#include <mimalloc.h>

namespace {

// A book grows by some kilobytes an order, for ever: in pages of 4 KiB nearly every order waits for
// the kernel to find one. Where the system does not allow large pages nothing changes.
[[maybe_unused]] const bool kLargePages = [] {
    mi_option_enable(mi_option_large_os_pages);
    return true;
}();

} // namespace
