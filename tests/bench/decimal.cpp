// Decimals on the hot path: reading, printing, multiplying. Controls: std::from_chars and
// std::to_chars of double over the same texts, in the same run.
// uses: models/base
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "models/base/decimal.h"

namespace {

using qd::Decimal;

constexpr int kRounds = 15;
constexpr int kPasses = 40;

/// Keeps the compiler from dropping a result.
template <typename T>
void keep(const T& value)
{
    __asm__ volatile("" : : "g"(&value) : "memory");
}

/// Nanoseconds for one of `count` items: the best of several rounds, which noise can only lengthen.
double measure(std::size_t count, const std::function<void()>& pass)
{
    pass();
    double best = 1e300;
    for (int round = 0; round < kRounds; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < kPasses; ++i) pass();
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - begin;
        best = std::min(best, took.count() / (static_cast<double>(count) * kPasses));
    }
    return best;
}

void report(const char* name, double value, double bar, const char* control, double controlValue,
            double ratioBar)
{
    const double ratio = controlValue > 0 ? value / controlValue : 0;
    const bool ok = value <= bar && (controlValue <= 0 || ratio <= ratioBar);
    std::printf("{\"bench\":\"%s\",\"value\":%.2f,\"unit\":\"ns\",\"control\":\"%s\","
                "\"controlValue\":%.2f,\"ratio\":%.2f,\"bar\":\"<=%g ns",
                name, value, control, controlValue, ratio, bar);
    if (controlValue > 0) std::printf(" and <=%g of control", ratioBar);
    std::printf("\",\"ok\":%s}\n", ok ? "true" : "false");
}

/// Prices, sizes and amounts as feeds and brokers write them.
std::vector<std::string> texts()
{
    std::vector<std::string> result;
    std::uint64_t state = 88172645463325252ULL;
    const auto next = [&] {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
    };
    for (int i = 0; i < 1000; ++i) {
        const auto whole = static_cast<unsigned>(next() % 1000);
        char text[48];
        switch (next() % 4) {
        case 0: std::snprintf(text, sizeof text, "%u.%02u", whole, unsigned(next() % 100)); break;
        case 1: std::snprintf(text, sizeof text, "%u", whole * 100); break;
        case 2: std::snprintf(text, sizeof text, "%u.%04u", whole, unsigned(next() % 10000)); break;
        default:
            std::snprintf(text, sizeof text, "%u.%08u", whole * 37, unsigned(next() % 100000000));
        }
        result.emplace_back(text);
    }
    return result;
}

} // namespace

int main()
{
    const auto written = texts();
    std::vector<Decimal> decimals;
    std::vector<double> doubles;
    for (const std::string& text : written) {
        decimals.push_back(Decimal::of(text));
        doubles.push_back(decimals.back().toDouble());
    }
    const std::size_t count = written.size();

    const double parseDouble = measure(count, [&] {
        for (const std::string& text : written) {
            double value = 0;
            std::from_chars(text.data(), text.data() + text.size(), value);
            keep(value);
        }
    });
    const double parse = measure(count, [&] {
        for (const std::string& text : written) {
            const auto value = Decimal::parse(text);
            keep(value);
        }
    });
    report("decimal.parse", parse, 15, "from_chars_double", parseDouble, 1.5);

    char buffer[64];
    const double printDouble = measure(count, [&] {
        for (const double value : doubles) {
            const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
            keep(*end);
        }
    });
    const double print = measure(count, [&] {
        for (const Decimal value : decimals) {
            char* end = value.write(buffer);
            keep(*end);
        }
    });
    report("decimal.print", print, 25, "to_chars_double", printDouble, 1e9);

    const double multiplyDouble = measure(count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            const double product = doubles[i] * doubles[count - 1 - i];
            keep(product);
        }
    });
    const double multiply = measure(count, [&] {
        for (std::size_t i = 0; i < count; ++i) {
            const auto product =
                decimals[i].checkedMultiply(decimals[count - 1 - i], qd::Rounding::HalfEven);
            keep(product);
        }
    });
    report("decimal.multiply", multiply, 6, "double_multiply", multiplyDouble, 1e9);

    Decimal sum;
    const double add = measure(count, [&] {
        for (const Decimal value : decimals) {
            sum += value;
            keep(sum);
            sum -= value;
            keep(sum);
        }
    });
    report("decimal.add", add / 2, 2, "none", 0, 0);
    return 0;
}
