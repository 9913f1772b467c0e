// What is painted is what the code says, to the pixel; and somebody else's reader reads it.
#include <QImage>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include "tests/qt/suite.h"
#include "ui/widgets/qr_code.h"

using namespace qd::ui;

namespace {

const std::string kAddress =
    "otpauth://totp/Quarterdeck:ann%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    "&issuer=Quarterdeck&algorithm=SHA1&digits=6&period=30";

/// Of a size whose squares would not end at pixels by themselves, and would be larger without a quiet
/// zone.
const std::string kAwkward(200, 'q');

/// The widget as a screen of this scaling shows it, a little off the corner of its window.
QImage shot(QrCode& code, double scaling, const QPoint& at = {3, 5})
{
    const QSize size = (QSizeF(code.size() + QSize(12, 12)) * scaling).toSize();
    QImage image(size, QImage::Format_RGB32);
    image.setDevicePixelRatio(scaling);
    image.fill(Qt::darkBlue);
    code.render(&image, at);
    return image;
}

bool isWhite(const QImage& image, int x, int y)
{
    return image.pixelColor(x, y) == QColor(Qt::white);
}

bool isBlack(const QImage& image, int x, int y)
{
    return image.pixelColor(x, y) == QColor(Qt::black);
}

/// The bounds of what is black: the code without its quiet zone.
QRect boundsOfBlack(const QImage& image)
{
    QRect bounds;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            if (isBlack(image, x, y)) bounds |= QRect(x, y, 1, 1);
    return bounds;
}

} // namespace

class QrCodeTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyPixelIsOfItsSquare_data()
    {
        QTest::addColumn<std::string>("text");
        QTest::addColumn<double>("scaling");
        for (const double scaling : {1.0, 1.25, 1.5, 2.0, 3.0}) {
            QTest::addRow("address at %g", scaling) << kAddress << scaling;
            QTest::addRow("awkward at %g", scaling) << kAwkward << scaling;
        }
    }

    void everyPixelIsOfItsSquare()
    {
        QFETCH(std::string, text);
        QFETCH(double, scaling);
        QrCode code(QStringLiteral("code"));
        code.show(text);
        const QImage image = shot(code, scaling);
        const QrSquares& squares = code.squares();
        QVERIFY(squares.side >= 21);
        const QRect bounds = boundsOfBlack(image);
        QCOMPARE(bounds.width(), bounds.height());
        QCOMPARE(bounds.width() % squares.side, 0); // squares of one size, in whole pixels
        const int square = bounds.width() / squares.side;
        QVERIFY(square >= 3);
        for (int y = 0; y < bounds.height(); ++y) {
            for (int x = 0; x < bounds.width(); ++x) {
                const bool isDark = squares.isDark(y / square, x / square);
                const int atX = bounds.x() + x, atY = bounds.y() + y;
                if (isDark ? !isBlack(image, atX, atY) : !isWhite(image, atX, atY))
                    QFAIL(qPrintable(QStringLiteral("pixel %1, %2").arg(atX).arg(atY)));
            }
        }
    }

    void theQuietZoneIsWhiteAllAround()
    {
        QrCode code(QStringLiteral("code"));
        code.show(kAwkward);
        const QImage image = shot(code, 1.0);
        const QRect bounds = boundsOfBlack(image);
        const int quiet = QrCode::kQuiet * bounds.width() / code.squares().side;
        const QRect zone = bounds.adjusted(-quiet, -quiet, quiet, quiet);
        QVERIFY(image.rect().contains(zone));
        for (int y = zone.top(); y <= zone.bottom(); ++y)
            for (int x = zone.left(); x <= zone.right(); ++x)
                if (!bounds.contains(x, y)) QVERIFY2(isWhite(image, x, y), "quiet zone");
    }

    void somebodyElsesReaderReadsIt()
    {
        const QString reader = QStandardPaths::findExecutable(QStringLiteral("zbarimg"));
        if (reader.isEmpty()) QSKIP("zbarimg (package zbar-tools) is not installed");
        QTemporaryDir folder;
        for (const std::string& text : {kAddress, std::string("x"), std::string(kQrBytesMax, 'q')}) {
            QrCode code(QStringLiteral("code"));
            code.show(text);
            const QString file = folder.filePath(QStringLiteral("code.png"));
            // Pixels of their own size, as a camera sees them: long texts have small squares.
            QVERIFY(shot(code, 2.0).save(file));
            QProcess process;
            process.start(reader, {QStringLiteral("--raw"), QStringLiteral("-q"), file});
            QVERIFY(process.waitForFinished());
            QCOMPARE(process.readAllStandardOutput().trimmed(), QByteArray::fromStdString(text));
        }
    }

    void ofNothingAndOfTooMuchThereIsNothing()
    {
        QCOMPARE(qrSquaresOf({}).side, 0);
        QCOMPARE(qrSquaresOf(std::string(kQrBytesMax + 1, 'q')).side, 0);
        QrCode code(QStringLiteral("code"));
        code.show(kAddress);
        code.clear();
        QVERIFY(code.isEmpty());
        QVERIFY(boundsOfBlack(shot(code, 1.0)).isEmpty());
    }
};

QD_QT_SUITE(QrCodeTest)

#include "qr_code_test.moc"
