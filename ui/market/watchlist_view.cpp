#include "ui/market/watchlist_view.h"

#include <QKeyEvent>
#include <QMenu>
#include <QVBoxLayout>

namespace qd::ui {

WatchlistView::WatchlistView(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_model(new WatchlistTableModel(desk, this)),
      m_table(new DataTable(theme, QStringLiteral("watchlist"), tr("Watchlist"), this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_table);
    m_table->setRowModel(m_model);
    m_table->setEmptyText(tr("No symbols yet"), tr("Press Ctrl+K and type a symbol to add one."));
    m_table->setDragDropMode(QAbstractItemView::InternalMove);
    m_table->setDragDropOverwriteMode(false);
    m_table->setDropIndicatorShown(true);
    m_table->installEventFilter(this);
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(m_table, &QWidget::customContextMenuRequested, this, &WatchlistView::showMenu);
    connect(m_table, &DataTable::currentItemChanged, this, [this](int item) {
        if (item >= 0) m_desk.select(m_model->symbolOf(item));
    });
    connect(&desk, &Desk::symbolChanged, this, &WatchlistView::followSelection);
    connect(m_model, &QAbstractItemModel::modelReset, this, &WatchlistView::followSelection);
    followSelection();
}

void WatchlistView::followSelection()
{
    const int row = m_model->rowOf(m_model->itemOf(m_desk.symbol()));
    if (row < 0) {
        m_table->clearSelection();
        return;
    }
    if (m_table->currentIndex().row() != row) m_table->setCurrentIndex(m_model->index(row, 0));
}

void WatchlistView::showMenu(const QPoint& at)
{
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(tr("Add a symbol…"), this, &WatchlistView::symbolWanted);
    const QModelIndex index = m_table->indexAt(at);
    if (index.isValid()) {
        const Symbol symbol = m_model->symbolOf(m_model->itemAt(index.row()));
        menu->addAction(tr("Remove from the watchlist"), this,
                        [this, symbol] { m_desk.unwatch(symbol); });
    }
    menu->addSeparator();
    menu->addAction(tr("Export as CSV…"), m_table, &DataTable::exportCsv);
    menu->popup(m_table->viewport()->mapToGlobal(at));
}

bool WatchlistView::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_table || event->type() != QEvent::KeyPress) {
        return QWidget::eventFilter(watched, event);
    }
    const auto* key = static_cast<QKeyEvent*>(event);
    const int item = m_table->currentItem();
    const bool alt = key->modifiers().testFlag(Qt::AltModifier);
    if (alt && item >= 0 && (key->key() == Qt::Key_Up || key->key() == Qt::Key_Down)) {
        m_model->move(item, key->key() == Qt::Key_Up ? -1 : 1);
        return true;
    }
    if (key->key() == Qt::Key_Delete && item >= 0) {
        m_desk.unwatch(m_model->symbolOf(item));
        return true;
    }
    if (key->key() == Qt::Key_Insert) {
        Q_EMIT symbolWanted();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace qd::ui
