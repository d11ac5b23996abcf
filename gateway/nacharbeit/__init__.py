"""What follows an answer: requests that hid somebody are looked at again, and whom the law names is told."""
