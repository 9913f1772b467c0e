#pragma once

#include <string_view>
#include <vector>

#include <QWidget>

namespace qd::ui {

/// The squares of a QR code (ISO/IEC 18004), without the quiet zone.
struct QrSquares {
    int side = 0; ///< 0: there is nothing to show
    std::vector<bool> dark; ///< row by row
    bool isDark(int row, int column) const { return dark[std::size_t(row * side + column)]; }
};

/// `text`, byte for byte, with an eighth of it recoverable from damage. Nothing of an empty text, and of
/// one longer than kQrBytesMax.
QrSquares qrSquaresOf(std::string_view text);
inline constexpr std::size_t kQrBytesMax = 512;

/// A text for a camera: dark on white in every theme, as cameras read it, with its quiet zone. Its
/// squares are of one size and end where pixels of the screen end, whatever the scaling. GUI thread.
class QrCode final : public QWidget {
    Q_OBJECT
public:
    static constexpr int kQuiet = 4;  ///< squares around it that are left white
    static constexpr int kSide = 232; ///< at most, in pixels of the layout

    explicit QrCode(const QString& accessibleName, QWidget* parent = nullptr);
    void show(std::string_view text);
    void clear();
    bool isEmpty() const { return m_squares.side == 0; }
    const QrSquares& squares() const { return m_squares; }
    QSize sizeHint() const override { return {kSide, kSide}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QrSquares m_squares;
};

} // namespace qd::ui
