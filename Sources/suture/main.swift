print("suture")
