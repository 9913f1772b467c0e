#pragma once

#include <string>
#include <string_view>

namespace qd::ctl {

/// A QR code (ISO/IEC 18004) of `text` for a terminal, with its quiet zone: two squares a character,
/// one above the other, white on black whatever the terminal's own colours are, as cameras read it.
/// Empty for an empty text, and for one that is too long for a screen.
std::string qrText(std::string_view text);

} // namespace qd::ctl
