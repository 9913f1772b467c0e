#pragma once

#include <chrono>
#include <concepts>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "models/base/money.h"
#include "models/base/timestamp.h"
#include "services/observability/trace.h"
#include "services/runtime/clock.h"
#include "services/runtime/secret.h"

namespace qd::observability {

enum class LogLevel { Debug, Info, Warning, Error };
std::string_view toString(LogLevel level);
/// "debug", "info", "warning" or "error".
std::optional<LogLevel> parseLogLevel(std::string_view text);

/// A named value of a log record. Lives no longer than the call it is made for. A Secret cannot be
/// one, and a value whose name says that it is a secret is masked (masking.h).
struct LogField {
    template <std::convertible_to<std::string_view> Text>
    LogField(std::string_view fieldName, const Text& value)
        : name(fieldName), text(std::string_view(value)), isText(true) {}
    LogField(std::string_view fieldName, bool value);
    LogField(std::string_view fieldName, double value);
    template <std::integral Integer>
        requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
    LogField(std::string_view fieldName, Integer value) : name(fieldName), text(std::to_string(value)) {}
    LogField(std::string_view fieldName, Decimal value);
    LogField(std::string_view fieldName, Price value) : LogField(fieldName, value.value()) {}
    LogField(std::string_view fieldName, Quantity value) : LogField(fieldName, value.value()) {}
    LogField(std::string_view fieldName, const Money& value);
    LogField(std::string_view fieldName, Timestamp value);
    /// In milliseconds, as a number: let the name end in "Ms".
    LogField(std::string_view fieldName, Duration value);
    LogField(std::string_view fieldName, std::chrono::milliseconds value)
        : LogField(fieldName, Duration(value)) {}
    /// Kind, code, field and detail in one text.
    LogField(std::string_view fieldName, const Error& error);
    LogField(std::string_view fieldName, const runtime::Secret&) = delete;

    std::string_view name;
    std::string text;
    bool isText = false; ///< false: `text` is JSON already
};

/// One thing that happened. Borrows everything.
struct LogRecord {
    Timestamp time;
    LogLevel level = LogLevel::Info;
    std::string_view component;
    std::string_view message;
    TraceContext trace;
    std::span<const LogField> fields;
};

/// The record as one line of JSON without its newline, masked:
/// {"time":"…Z","level":"info","component":"orders","message":"…","traceId":"…","spanId":"…",…fields}
std::string renderLine(const LogRecord& record);

/// Where records go: a file (log_file.h), nowhere, or a test. `write` does not block and does not throw.
class LogSink {
public:
    virtual ~LogSink() = default;
    virtual bool isEnabled(LogLevel level) const = 0;
    virtual void write(const LogRecord& record) noexcept = 0;
};

/// Takes nothing.
LogSink& nullLog();

/// What a class is given to log with: a small value, copied freely; any thread. The sink and the
/// clock outlive it. Default: logs nowhere.
///   m_log.info("order accepted", {{"clientOrderId", order.id.text()}, {"quantity", order.quantity}});
class Logger {
public:
    using Fields = std::initializer_list<LogField>;

    Logger();
    Logger(LogSink& sink, const runtime::Clock& clock, std::string component);

    /// The same for another component.
    Logger named(std::string component) const;
    /// The same, with each record carrying this trace.
    Logger in(const TraceContext& trace) const;

    void debug(std::string_view message, Fields fields = {}) const;
    void info(std::string_view message, Fields fields = {}) const;
    void warning(std::string_view message, Fields fields = {}) const;
    void error(std::string_view message, Fields fields = {}) const;

private:
    void write(LogLevel level, std::string_view message, const Fields& fields) const;

    LogSink* m_sink;
    const runtime::Clock* m_clock;
    std::shared_ptr<const std::string> m_component;
    TraceContext m_trace;
};

} // namespace qd::observability
