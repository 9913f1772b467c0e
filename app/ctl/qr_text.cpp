#include "app/ctl/qr_text.h"

#include <memory>

#include <qrencode.h>

namespace qd::ctl {

namespace {

constexpr std::size_t kQrTextBytesMax = 512;
constexpr int kQuietSquares = 4;      ///< around the code, left white
constexpr unsigned char kDarkBit = 1; ///< of a square; the others tell which part it belongs to
constexpr const char* kWhiteOnBlack = "\033[40;97m";
constexpr const char* kColoursBack = "\033[0m";

using Code = std::unique_ptr<QRcode, decltype(&QRcode_free)>;

bool isWhite(const QRcode& code, int row, int column)
{
    const bool isOutside = row < 0 || column < 0 || row >= code.width || column >= code.width;
    return isOutside || (code.data[row * code.width + column] & kDarkBit) == 0;
}

/// One character: the square at `row`, and the one below it.
const char* halves(const QRcode& code, int row, int column)
{
    const bool upper = isWhite(code, row, column), lower = isWhite(code, row + 1, column);
    if (upper) return lower ? "█" : "▀";
    return lower ? "▄" : " ";
}

} // namespace

std::string qrText(std::string_view text)
{
    if (text.empty() || text.size() > kQrTextBytesMax) return {};
    const Code code(QRcode_encodeData(static_cast<int>(text.size()),
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      /*version=*/0, QR_ECLEVEL_L),
                    &QRcode_free);
    if (!code) return {};
    std::string lines;
    for (int row = -kQuietSquares; row < code->width + kQuietSquares; row += 2) {
        lines += kWhiteOnBlack;
        for (int column = -kQuietSquares; column < code->width + kQuietSquares; ++column)
            lines += halves(*code, row, column);
        lines += kColoursBack;
        lines += '\n';
    }
    return lines;
}

} // namespace qd::ctl
