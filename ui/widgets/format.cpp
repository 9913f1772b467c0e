#include "ui/widgets/format.h"

#include <algorithm>
#include <cmath>

#include <QStringList>

#include "models/market/calendar.h"
#include "models/market/option_contract.h"

namespace qd::ui::format {

namespace {

QString grouped(std::string text, bool withSign)
{
    bool negative = false;
    if (!text.empty() && text.front() == '-') {
        negative = true;
        text.erase(0, 1);
    }
    const bool zero = text.find_first_not_of("0.") == std::string::npos;
    const std::size_t point = std::min(text.find('.'), text.size());
    QString out;
    out.reserve(int(text.size() + text.size() / 3 + 1));
    if (negative && !zero) out += kMinus;
    else if (withSign && !zero) out += QLatin1Char('+');
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i > 0 && i < point && (point - i) % 3 == 0) out += QLatin1Char(',');
        out += QLatin1Char(text[i]);
    }
    return out;
}

QString twoDigits(qint64 value)
{
    return QStringLiteral("%1").arg(value, 2, 10, QLatin1Char('0'));
}

} // namespace

QString plain(std::string_view text, int limit)
{
    QString out = QString::fromUtf8(text.data(), qsizetype(std::min<std::size_t>(
                                                     text.size(), std::size_t(limit) * 4)));
    // Controls, bidirectional overrides and line separators can make one text look like another.
    out.removeIf([](QChar c) {
        const ushort code = c.unicode();
        return c.category() == QChar::Other_Control || (code >= 0x202A && code <= 0x202E) ||
               (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
    });
    if (out.size() > limit) out = out.left(limit - 1) + QChar(0x2026);
    return out;
}

QString symbol(const Symbol& symbol)
{
    const auto contract = optionContractOf(symbol);
    if (!contract) return plain(symbol.text(), 32);
    // "GOOG 24 Dec 2015 750 Call" is for headings; a column has less room.
    const QStringList said = plain(toString(*contract)).split(QLatin1Char(' '));
    if (said.size() != 6) return plain(symbol.text(), 32);
    return QStringLiteral("%1 %2%3 %4%5%6")
        .arg(said[0], said[4], said[5].left(1), said[1], said[2], said[3].right(2));
}

QString number(Decimal value, int places)
{
    return grouped(value.toFixed(places), false);
}

QString signedNumber(Decimal value, int places)
{
    return grouped(value.toFixed(places), true);
}

QString money(const Money& value, int places)
{
    return grouped(value.toFixed(places), false);
}

QString signedMoney(const Money& value, int places)
{
    return grouped(value.toFixed(places), true);
}

QString percent(Decimal value, int places, bool withSign)
{
    return grouped(value.toFixed(places), withSign) + QLatin1Char('%');
}

QString quantity(Quantity value)
{
    return grouped(value.toString(), false);
}

QString compact(double value)
{
    const double size = std::abs(value);
    const QString sign = value < 0 ? QString(kMinus) : QString();
    const auto scaled = [&](double unit, QChar letter) {
        const double amount = size / unit;
        return sign + QString::number(amount, 'f', amount >= 100 ? 0 : amount >= 10 ? 1 : 2) +
               letter;
    };
    if (size >= 1e9) return scaled(1e9, QLatin1Char('B'));
    if (size >= 1e6) return scaled(1e6, QLatin1Char('M'));
    if (size >= 1e4) return scaled(1e3, QLatin1Char('K'));
    if (size >= 100 || size == std::floor(size)) {
        return sign + grouped(std::to_string(std::llround(size)), false);
    }
    return sign + QString::number(size, 'g', 4);
}

int placesOf(Price tick)
{
    return std::clamp(tick.value().places(), 2, Decimal::kPlaces);
}

int placesFor(Price price)
{
    return price.abs() < Price::of("1") && !price.isZero() ? 4 : 2;
}

QString clock(Timestamp time, bool withMillis)
{
    if (!time.isSet()) return QStringLiteral("–");
    const auto local = toNewYork(time);
    const qint64 millis = local.sinceMidnight.count() / 1'000'000;
    QString out = twoDigits(millis / 3'600'000) + QLatin1Char(':') +
                  twoDigits(millis / 60'000 % 60) + QLatin1Char(':') + twoDigits(millis / 1000 % 60);
    if (withMillis) out += QStringLiteral(".%1").arg(millis % 1000, 3, 10, QLatin1Char('0'));
    return out;
}

QString dateAndMinute(Timestamp time)
{
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    static constexpr const char* kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    const auto local = toNewYork(time);
    const Timestamp midnight = fromNewYork(local.date, Duration{});
    const qint64 day = (midnight.seconds() / 86'400) % 7;
    return QStringLiteral("%1 %2 %3 %4")
        .arg(QLatin1String(kDays[(day + 7) % 7]), twoDigits(local.date.day),
             QLatin1String(kMonths[(local.date.month - 1) % 12]), clock(time).left(5));
}

QString age(Duration age)
{
    const double millis = double(age.count()) / 1e6;
    if (millis < 1000) return QStringLiteral("%1 ms").arg(std::max(0.0, millis), 0, 'f', 0);
    const double seconds = millis / 1000;
    if (seconds < 60) return QStringLiteral("%1 s").arg(seconds, 0, 'f', 1);
    if (seconds < 3600) return QStringLiteral("%1 min").arg(seconds / 60, 0, 'f', 0);
    return QStringLiteral("%1 h").arg(seconds / 3600, 0, 'f', 0);
}

QString countdown(Duration left)
{
    const qint64 seconds = std::max<qint64>(0, left.count() / 1'000'000'000);
    return twoDigits(seconds / 3600) + QLatin1Char(':') + twoDigits(seconds / 60 % 60) +
           QLatin1Char(':') + twoDigits(seconds % 60);
}

} // namespace qd::ui::format
