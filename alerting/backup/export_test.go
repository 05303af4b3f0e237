package backup

// What is inside a backup, without the encryption around it.
var (
	CheckOpened   = check
	RestoreOpened = restore
)
