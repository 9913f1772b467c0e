#pragma once

#include <algorithm>
#include <vector>

#include <QBuffer>
#include <QRegularExpression>
#include <QSvgGenerator>
#include <QTransform>
#include <QWidget>
#include <QXmlStreamReader>

namespace qd::ui::test {

/// A text as a widget really paints it, where its first letter stands in the widget, and its
/// colour.
struct PaintedText {
    QString text;
    QPointF at;
    QColor ink;
};

inline QTransform transformOf(const QXmlStreamAttributes& attributes)
{
    static const QRegularExpression kMatrix(QStringLiteral("matrix\\(([^)]*)\\)"));
    const auto match = kMatrix.match(attributes.value(QLatin1String("transform")).toString());
    const QStringList numbers = match.captured(1).split(QLatin1Char(','));
    if (numbers.size() != 6) return {};
    std::array<double, 6> m{};
    for (int i = 0; i < 6; ++i) m[std::size_t(i)] = numbers[i].toDouble();
    return {m[0], m[1], m[2], m[3], m[4], m[5]};
}

/// What `widget` and its children paint now, as texts; pictures among it (a chart's kept bars) are
/// not looked into.
inline std::vector<PaintedText> paintedTexts(QWidget& widget)
{
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    QSvgGenerator generator;
    generator.setOutputDevice(&buffer);
    generator.setSize(widget.size());
    generator.setViewBox(widget.rect());
    generator.setResolution(widget.logicalDpiX());
    widget.render(&generator);
    std::vector<PaintedText> texts;
    std::vector<QTransform> groups{QTransform()};
    QXmlStreamReader reader(buffer.data());
    while (!reader.atEnd()) {
        const auto token = reader.readNext();
        const bool isGroup = reader.name() == QLatin1String("g");
        if (token == QXmlStreamReader::StartElement && isGroup) {
            groups.push_back(transformOf(reader.attributes()) * groups.back());
        } else if (token == QXmlStreamReader::EndElement && isGroup) {
            groups.pop_back();
        } else if (token == QXmlStreamReader::StartElement &&
                   reader.name() == QLatin1String("text")) {
            const auto attributes = reader.attributes();
            const QPointF at(attributes.value(QLatin1String("x")).toDouble(),
                             attributes.value(QLatin1String("y")).toDouble());
            const QColor ink(attributes.value(QLatin1String("fill")).toString());
            texts.push_back({reader.readElementText(), groups.back().map(at), ink});
        }
    }
    return texts;
}

inline int timesPainted(QWidget& widget, const QString& text)
{
    const auto texts = paintedTexts(widget);
    return int(std::count_if(texts.begin(), texts.end(),
                             [&](const PaintedText& one) { return one.text == text; }));
}

/// All of it, for what must be, or must not be, somewhere in it.
inline QString everythingPainted(QWidget& widget)
{
    QStringList lines;
    for (const PaintedText& one : paintedTexts(widget)) lines << one.text;
    return lines.join(QLatin1Char('\n'));
}

} // namespace qd::ui::test
