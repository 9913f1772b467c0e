#include "ui/widgets/qr_code.h"

#include <cmath>
#include <memory>

#include <QPainter>

#include <qrencode.h>

namespace qd::ui {

namespace {

constexpr unsigned char kIsDark = 1; ///< the bit of a square that says so; the others tell its part

} // namespace

QrSquares qrSquaresOf(std::string_view text)
{
    if (text.empty() || text.size() > kQrBytesMax) return {};
    const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
        QRcode_encodeData(static_cast<int>(text.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), /*version=*/0,
                          QR_ECLEVEL_M),
        &QRcode_free);
    if (!code) return {};
    QrSquares squares{code->width, {}};
    const auto count = static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width);
    squares.dark.reserve(count);
    for (std::size_t i = 0; i < count; ++i) squares.dark.push_back((code->data[i] & kIsDark) != 0);
    return squares;
}

QrCode::QrCode(const QString& accessibleName, QWidget* parent) : QWidget(parent)
{
    setAccessibleName(accessibleName);
    setFixedSize(kSide, kSide);
}

void QrCode::show(std::string_view text)
{
    m_squares = qrSquaresOf(text);
    update();
}

void QrCode::clear()
{
    m_squares = {};
    update();
}

/// Counted in pixels of the screen: a fraction of one would blur edges, or make squares of two sizes.
void QrCode::paintEvent(QPaintEvent*)
{
    if (isEmpty()) return;
    QPainter painter(this);
    painter.fillRect(rect(), Qt::white);
    const QTransform toScreen = painter.deviceTransform();
    const QRectF screen = toScreen.mapRect(QRectF(rect()));
    const int across = m_squares.side + 2 * kQuiet;
    const double square = std::floor(screen.width() / across);
    const double margin = std::floor((screen.width() - square * m_squares.side) / 2);
    const QPointF corner(std::ceil(screen.x()) + margin, std::ceil(screen.y()) + margin);
    painter.setTransform(toScreen.inverted());
    for (int row = 0; row < m_squares.side; ++row) {
        for (int column = 0; column < m_squares.side; ++column) {
            if (!m_squares.isDark(row, column)) continue;
            painter.fillRect(QRectF(corner.x() + column * square, corner.y() + row * square, square,
                                    square),
                             Qt::black);
        }
    }
}

} // namespace qd::ui
