#include <QApplication>
#include <QFontMetricsF>
#include <QTest>

#include "tests/qt/suite.h"
#include "ui/theme/theme.h"

using namespace qd::ui;

/// Colours can be read, and numbers stand under each other, in every theme.
class ThemeTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void valuesAreReadableOnEveryGround()
    {
        for (const ThemeKind kind : {ThemeKind::Dark, ThemeKind::Light, ThemeKind::HighContrast}) {
            const Palette& c = paletteOf(kind);
            for (const QColor& ground : {c.bg1, c.bg2, c.zebra, c.selection}) {
                for (const QColor& ink : {c.text, c.text2, c.up, c.down, c.accent, c.warn}) {
                    QVERIFY2(contrast(ink, ground) >= 4.5,
                             qPrintable(QStringLiteral("%1: %2 on %3 is %4")
                                            .arg(nameOf(kind), ink.name(), ground.name())
                                            .arg(contrast(ink, ground))));
                }
            }
            QVERIFY(contrast(c.critText, c.critBack) >= 4.5);
            QVERIFY(contrast(c.warn, c.warnBack) >= 4.5);
            QVERIFY(contrast(c.onFill, c.upFill) >= 4.5);
            QVERIFY(contrast(c.onFill, c.downFill) >= 4.5);
        }
    }

    void digitsHaveOneWidth()
    {
        Theme theme;
        for (const TypeWeight weight : {TypeWeight::Regular, TypeWeight::Medium, TypeWeight::SemiBold,
                                        TypeWeight::Bold}) {
            const QFontMetricsF metrics(theme.font(TypeSize::Body, weight));
            QCOMPARE(metrics.horizontalAdvance(QStringLiteral("1111111")),
                     metrics.horizontalAdvance(QStringLiteral("8888888")));
        }
        QCOMPARE(QFontInfo(theme.font(TypeSize::Body)).family(), theme.family());
    }

    void namesOfThemesReadBack()
    {
        for (const ThemeKind kind : {ThemeKind::Dark, ThemeKind::Light, ThemeKind::HighContrast}) {
            QCOMPARE(themeKindOf(nameOf(kind)), kind);
        }
        QCOMPARE(themeKindOf(QStringLiteral("plaid")), ThemeKind::Dark);
    }
};

QD_QT_SUITE(ThemeTest)

#include "theme_test.moc"
