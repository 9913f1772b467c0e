#pragma once

#include <QFont>
#include <QObject>

#include "ui/theme/palette.h"

class QApplication;
class QPainter;

namespace qd::ui {

/// Sizes of type in pixels, by role.
enum class TypeSize { Pill = 10, Small = 11, Body = 12, Input = 13, Action = 14, Title = 16 };
enum class TypeWeight { Regular, Medium, SemiBold, Bold };

/// Metrics of the 4 px grid.
namespace metric {
inline constexpr int kGap = 4;
inline constexpr int kCellPadding = 8;
inline constexpr int kPanelPadding = 12;
inline constexpr int kRow = 24;
inline constexpr int kHeader = 26;
inline constexpr int kDockTitle = 28;
inline constexpr int kToolbar = 36;
inline constexpr int kTopBar = 44;
inline constexpr int kStatusBar = 24;
inline constexpr int kRadius = 3;
} // namespace metric

/// What everything looks like: palette, fonts, and the application's style sheet.
/// One per program, made by `main`, passed by reference to whatever paints. GUI thread.
class Theme : public QObject {
    Q_OBJECT
public:
    /// Loads the fonts from the program itself; works without any font installed.
    explicit Theme(ThemeKind kind = ThemeKind::Dark, QObject* parent = nullptr);

    ThemeKind kind() const { return m_kind; }
    const Palette& colors() const { return paletteOf(m_kind); }
    /// Cached; cheap enough for paint().
    const QFont& font(TypeSize size, TypeWeight weight = TypeWeight::Regular) const;
    QString family() const { return m_family; }

    /// Fusion, QPalette and style sheet on the whole application.
    void apply(QApplication& application) const;
    /// Switch to another palette; `changed` follows, and `apply` is called again by its owner.
    void setKind(ThemeKind kind);

Q_SIGNALS:
    void changed();

private:
    static constexpr int kSizes = 6;
    static constexpr int kWeights = 4;
    void buildFonts();

    ThemeKind m_kind;
    QString m_family;
    QFont m_fonts[kSizes][kWeights];
};

/// Fill `area` with the diagonal hatch that marks stale prices.
void paintStaleHatch(QPainter& painter, const QRect& area, const Palette& palette, double alpha);

} // namespace qd::ui
