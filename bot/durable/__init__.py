"""What must happen: DBOS workflows that execute, expire, remind and undo, whatever crashes."""
